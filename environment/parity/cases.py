"""The table of tiny checkpoints: one Case is one folder of fixtures.

A new decoder family needs one entry in FAMILIES and one or more in CASES.
"""

from dataclasses import dataclass, field

from transformers import (Gemma2Config, Gemma2ForCausalLM, Gemma3ForCausalLM, Gemma3TextConfig, GemmaConfig,
                          GemmaForCausalLM, LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM,
                          Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM)

VOCABULARY = 99


@dataclass(frozen=True)
class Family:
    """Configuration and model class, and where the family's norm weights are centred."""

    config: type
    model: type
    norm_centre: float = 1.0


@dataclass(frozen=True)
class Case:
    """One tiny checkpoint.

    mistakes: label -> configuration overrides that a wrong implementation would amount to, "family" among them
    where the mistake is to take the model for one of another family. Each must move the logits visibly; how far
    is recorded as "sensitivity", so a test's tolerance can be judged by it.
    v4_config: what stands otherwise in a config.json of transformers 4, which is then written as well.
    """

    name: str
    family: str
    config: dict
    mistakes: dict
    generation: dict = field(default_factory=dict)
    embedding_std: float = 0.1
    matrix_std: float = 0.25
    v4_config: dict | None = None


FAMILIES = {
    "llama": Family(LlamaConfig, LlamaForCausalLM),
    "mistral": Family(MistralConfig, MistralForCausalLM),
    "qwen2": Family(Qwen2Config, Qwen2ForCausalLM),
    "qwen3": Family(Qwen3Config, Qwen3ForCausalLM),
    "gemma": Family(GemmaConfig, GemmaForCausalLM, norm_centre=0.0),
    "gemma2": Family(Gemma2Config, Gemma2ForCausalLM, norm_centre=0.0),
    "gemma3": Family(Gemma3TextConfig, Gemma3ForCausalLM, norm_centre=0.0),
}

BASE = dict(
    vocab_size=VOCABULARY,
    hidden_size=32,
    intermediate_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    rms_norm_eps=1e-5,
    max_position_embeddings=256,
    tie_word_embeddings=False,
    bos_token_id=1,
    eos_token_id=2,
)


def rope(theta, rope_type="default", **extra):
    """RoPE settings in the form of a transformers 5 config.json."""
    return {"rope_type": rope_type, "rope_theta": theta, **extra}


# Low wavelengths are kept, middle ones interpolated, long ones divided by 32. With head_dim 16 and theta 10000
# the wavelengths are 6.3, 19.9, 62.8, 199 …; an original context of 64 puts pairs into all three groups.
LLAMA3_ROPE = rope(10000.0, "llama3", factor=32.0, low_freq_factor=1.0, high_freq_factor=4.0,
                   original_max_position_embeddings=64)

# A head wider than hidden / heads, as Gemmas have it. The local base is small for a window to show it.
GEMMA = {key: value for key, value in BASE.items() if key != "tie_word_embeddings"} | dict(
    head_dim=16, pad_token_id=0, bos_token_id=2, eos_token_id=1, rope_parameters=rope(10000.0))
GEMMA3_ROPE = {"full_attention": rope(1000000.0, "linear", factor=8.0), "sliding_attention": rope(10000.0)}

CASES = [
    Case("llama-tied", "llama",
         BASE | dict(num_hidden_layers=3, tie_word_embeddings=True, pad_token_id=2, rope_parameters=rope(100000.0)),
         mistakes={"rms_norm_eps 1e-6": dict(rms_norm_eps=1e-6),
                   "rope theta 10000": dict(rope_parameters=rope(10000.0)),
                   "gelu for silu": dict(hidden_act="gelu")}),
    Case("llama-untied", "llama",
         BASE | dict(head_dim=16, rms_norm_eps=1e-6, rope_parameters=rope(10000.0)),
         mistakes={"rms_norm_eps 1e-5": dict(rms_norm_eps=1e-5),
                   "tied head": dict(tie_word_embeddings=True),
                   "rope theta 100000": dict(rope_parameters=rope(100000.0))},
         embedding_std=0.05),
    Case("llama3-rope", "llama",
         BASE | dict(head_dim=16, num_key_value_heads=1, tie_word_embeddings=True, eos_token_id=[2, 3],
                     rope_parameters=LLAMA3_ROPE),
         mistakes={"no scaling": dict(rope_parameters=rope(10000.0)),
                   "low and high swapped": dict(rope_parameters=LLAMA3_ROPE | dict(low_freq_factor=4.0,
                                                                                   high_freq_factor=1.0)),
                   "original context 8192": dict(
                       rope_parameters=LLAMA3_ROPE | dict(original_max_position_embeddings=8192)),
                   "linear scaling": dict(rope_parameters=rope(10000.0, "linear", factor=32.0))},
         generation=dict(do_sample=True, temperature=0.6, top_p=0.9),
         v4_config={}),
    Case("llama-linear-rope", "llama",
         BASE | dict(rope_parameters=rope(10000.0, "linear", factor=4.0)),
         mistakes={"no scaling": dict(rope_parameters=rope(10000.0)),
                   "factor inverted": dict(rope_parameters=rope(10000.0, "linear", factor=0.25))}),
    Case("llama-bias", "llama",
         BASE | dict(attention_bias=True, mlp_bias=True, rope_parameters=rope(10000.0)),
         mistakes={"no attention bias": dict(attention_bias=False), "no mlp bias": dict(mlp_bias=False)}),
    Case("mistral", "mistral",
         BASE | dict(sliding_window=None, rope_parameters=rope(1000000.0)),
         mistakes={"sliding window 4": dict(sliding_window=4),
                   "rope theta 10000": dict(rope_parameters=rope(10000.0))}),
    Case("llama-kv1", "llama",
         BASE | dict(num_key_value_heads=1, tie_word_embeddings=True, rope_parameters=rope(10000.0)),
         mistakes={"rope theta 100000": dict(rope_parameters=rope(100000.0)),
                   "rms_norm_eps 1e-6": dict(rms_norm_eps=1e-6)}),
    Case("mistral-window", "mistral",
         BASE | dict(sliding_window=5, head_dim=16, rope_parameters=rope(10000.0)),
         mistakes={"no window": dict(sliding_window=None),
                   "window one longer": dict(sliding_window=6)}),
    Case("qwen2", "qwen2",
         BASE | dict(bos_token_id=None, rope_parameters=rope(1000000.0)),
         mistakes={"no biases": dict(family="llama"),
                   "rope theta 10000": dict(rope_parameters=rope(10000.0)),
                   "window in use": dict(use_sliding_window=True, sliding_window=5, max_window_layers=0)},
         v4_config=dict(use_sliding_window=False, sliding_window=5, use_mrope=False)),
    Case("qwen2-tied-window", "qwen2",
         BASE | dict(num_hidden_layers=3, tie_word_embeddings=True, pad_token_id=3, use_sliding_window=True,
                     sliding_window=5, max_window_layers=1, rope_parameters=rope(10000.0)),
         mistakes={"no biases": dict(family="llama"),
                   "no window": dict(use_sliding_window=False),
                   "window on the first layer too": dict(max_window_layers=0),
                   "window one shorter": dict(sliding_window=4)}),
    Case("qwen3", "qwen3",
         BASE | dict(head_dim=16, tie_word_embeddings=True, rms_norm_eps=1e-6, rope_parameters=rope(1000000.0)),
         mistakes={"no q and k norm": dict(family="llama"),
                   "rms_norm_eps 1e-4": dict(rms_norm_eps=1e-4),
                   "rope theta 10000": dict(rope_parameters=rope(10000.0))},
         v4_config={}),
    Case("qwen3-untied", "qwen3",
         BASE | dict(head_dim=8, num_key_value_heads=1, attention_bias=True, rope_parameters=rope(10000.0)),
         mistakes={"no q and k norm": dict(family="llama"),
                   "no bias": dict(attention_bias=False),
                   "tied head": dict(tie_word_embeddings=True)}),
    Case("gemma", "gemma",
         GEMMA | dict(num_key_value_heads=1),
         mistakes={"taken for a Llama": dict(family="llama"),
                   "exact gelu": dict(hidden_act="gelu_python"),
                   "rope theta 100000": dict(rope_parameters=rope(100000.0))},
         embedding_std=0.4, v4_config=dict(hidden_act="gelu", hidden_activation=None)),
    Case("gemma2", "gemma2",
         GEMMA | dict(num_hidden_layers=3, query_pre_attn_scalar=10, sliding_window=5, attn_logit_softcapping=3.0,
                      final_logit_softcapping=6.0),
         mistakes={"scores not capped": dict(attn_logit_softcapping=None),
                   "logits not capped": dict(final_logit_softcapping=None),
                   "scale from head_dim": dict(query_pre_attn_scalar=16),
                   "window one longer": dict(sliding_window=6),
                   "window on the other layers": dict(
                       layer_types=["full_attention", "sliding_attention", "full_attention"]),
                   "exact gelu": dict(hidden_activation="gelu")},
         embedding_std=0.4, v4_config={}),
    Case("gemma3", "gemma3",
         GEMMA | dict(num_hidden_layers=3, query_pre_attn_scalar=10, sliding_window=5, sliding_window_pattern=2,
                      final_logit_softcapping=6.0, rope_parameters=GEMMA3_ROPE),
         mistakes={"logits not capped": dict(final_logit_softcapping=None),
                   "scale from head_dim": dict(query_pre_attn_scalar=16),
                   "window one longer": dict(sliding_window=6),
                   "pattern of 3": dict(sliding_window_pattern=3),
                   "global rope everywhere": dict(rope_parameters=GEMMA3_ROPE | dict(
                       sliding_attention=GEMMA3_ROPE["full_attention"])),
                   "local rope everywhere": dict(rope_parameters=GEMMA3_ROPE | dict(
                       full_attention=GEMMA3_ROPE["sliding_attention"])),
                   "no linear scaling": dict(rope_parameters=GEMMA3_ROPE | dict(full_attention=rope(1000000.0))),
                   "exact gelu": dict(hidden_activation="gelu")},
         embedding_std=0.4, v4_config={}),
]

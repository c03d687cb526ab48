"""The table of tiny checkpoints: one Case is one folder of fixtures.

A new decoder family needs one entry in FAMILIES and one or more in CASES.
"""

from dataclasses import dataclass, field

from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM

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

    mistakes: label -> configuration overrides that a wrong implementation would amount to. Each must move
    the logits visibly; how far is recorded as "sensitivity", so a test's tolerance can be judged by it.
    """

    name: str
    family: str
    config: dict
    mistakes: dict
    generation: dict = field(default_factory=dict)
    embedding_std: float = 0.1
    matrix_std: float = 0.25
    write_v4_config: bool = False


FAMILIES = {
    "llama": Family(LlamaConfig, LlamaForCausalLM),
    "mistral": Family(MistralConfig, MistralForCausalLM),
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
         write_v4_config=True),
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
]

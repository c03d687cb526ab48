"""Writes tiny checkpoints of make_fixtures.py as GGUF, the way llama.cpp's convert_hf_to_gguf.py does.

    .venv/bin/python environment/parity/make_gguf.py

Names come from the gguf package's own map, all values are F32. What the converter changes is done here as well:
a Llama's q and k rows are interleaved, a Gemma's norm weights are stored with 1 added.
"""

import json

import gguf
from safetensors.torch import load_file

from truth_io import RESOURCES

CASES = {"llama-tied": "LLAMA", "qwen2": "QWEN2", "qwen3": "QWEN3", "gemma": "GEMMA", "gemma2": "GEMMA2",
         "gemma3": "GEMMA3"}


def interleaved(weight, heads):
    """Halves of each head become neighbours: row i of the first half before row i of the second."""
    return weight.reshape(heads, 2, -1, *weight.shape[1:]).transpose(1, 2).reshape(weight.shape)


def as_stored(name, tensor, architecture, config):
    if architecture == "LLAMA" and ".q_proj." in name:
        return interleaved(tensor, config["num_attention_heads"])
    if architecture == "LLAMA" and ".k_proj." in name:
        return interleaved(tensor, config["num_key_value_heads"])
    if architecture.startswith("GEMMA") and name.endswith("norm.weight"):
        return tensor + 1
    return tensor


def add_metadata(writer, architecture, config):
    rope = config["rope_parameters"]
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    if "head_dim" in config:
        writer.add_key_length(config["head_dim"])
        writer.add_value_length(config["head_dim"])
    if architecture in ("GEMMA2", "GEMMA3"):
        writer.add_sliding_window(config["sliding_window"])
        writer.add_final_logit_softcapping(config["final_logit_softcapping"])
    if architecture == "GEMMA2":
        writer.add_attn_logit_softcapping(config["attn_logit_softcapping"])
    if architecture == "GEMMA3":
        writer.add_sliding_window_pattern(config["sliding_window_pattern"])
        rope = rope["full_attention"]
        writer.add_rope_scaling_type(gguf.RopeScalingType(rope["rope_type"]))
        writer.add_rope_scaling_factor(rope["factor"])
    if architecture not in ("GEMMA", "GEMMA2"):
        writer.add_rope_freq_base(rope["rope_theta"])
    for key in ("bos", "eos", "pad"):
        if config[f"{key}_token_id"] is not None:
            getattr(writer, f"add_{key}_token_id")(config[f"{key}_token_id"])


def convert(case, architecture):
    config = json.loads((RESOURCES / case / "config.json").read_text())
    arch = gguf.MODEL_ARCH[architecture]
    writer = gguf.GGUFWriter(RESOURCES / case / "model.gguf", gguf.MODEL_ARCH_NAMES[arch])
    add_metadata(writer, architecture, config)
    names = gguf.get_tensor_name_map(arch, config["num_hidden_layers"])
    for name, tensor in load_file(RESOURCES / case / "model.safetensors").items():
        stored = as_stored(name, tensor, architecture, config)
        writer.add_tensor(names.get_name(name, try_suffixes=(".weight", ".bias")), stored.contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    for case, architecture in CASES.items():
        convert(case, architecture)

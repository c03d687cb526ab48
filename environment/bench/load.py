"""The Python side of environment/bench/load.

    python load.py make FOLDER                      a checkpoint of the Llama-3.2-1B shape with random weights, bf16
    python load.py measure FOLDER TARGET OUT.json   seconds and peak memory of each stage with transformers
"""

import json
import sys
import time
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

VOCABULARY = 128256
NEW = ["<think>", "</think>", "<answer>", "</answer>"]
PROMPT = list(range(1000, 1064))


def make(folder):
    """Random weights of a trained model's size, and a byte-level tokenizer with as many tokens and no merges."""
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    rope = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 32.0, "low_freq_factor": 1.0,
            "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
    config = LlamaConfig(vocab_size=VOCABULARY, hidden_size=2048, intermediate_size=8192, num_hidden_layers=16,
                         num_attention_heads=32, num_key_value_heads=8, head_dim=64, rms_norm_eps=1e-5,
                         max_position_embeddings=131072, tie_word_embeddings=True, rope_parameters=rope,
                         bos_token_id=0, eos_token_id=1)
    LlamaForCausalLM(config).save_pretrained(folder)
    pieces = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces += [f"token{i}" for i in range(VOCABULARY - len(pieces))]
    tokenizer = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=pieces[1]).save_pretrained(folder)  # TRL pads with it


def peak():
    """Most bytes resident at once so far; the kernel forgets it when told to, see `stage`."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def stage(results, name, work):
    """Runs one stage; notes its seconds and the peak while it ran."""
    Path("/proc/self/clear_refs").write_text("5")
    start, busy = time.perf_counter(), time.process_time()
    value = work()
    results[name] = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - busy, "peak": peak()}
    return value


def measure(folder, target, out):
    """Load, next-token probabilities, resize, clone a row, save; as a user would write it."""
    results = {}
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(NEW)
    stage(results, "before", lambda: None)
    model = stage(results, "load", lambda: AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16))
    with torch.no_grad():
        stage(results, "next token", lambda: model(torch.tensor([PROMPT])).logits[0, -1].float().softmax(-1).tolist())
        stage(results, "resize", lambda: model.resize_token_embeddings(len(tokenizer)))
        rows = model.get_input_embeddings().weight
        stage(results, "clone row", lambda: rows[VOCABULARY:].copy_(rows[1000].expand(len(NEW), -1)))
    stage(results, "save", lambda: (model.save_pretrained(target), tokenizer.save_pretrained(target)))
    Path(out).write_text(json.dumps(results))


if __name__ == "__main__":
    {"make": make, "measure": measure}[sys.argv[1]](*sys.argv[2:])

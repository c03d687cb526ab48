"""Reads GGUF files with llama.cpp (PyPI's xllamacpp): read_gguf.py FILE REQUEST ANSWER [FILE REQUEST ANSWER ...]

The request is JSON: texts to tokenize, a conversation to render, a prompt's ids to go on from greedily for new_tokens,
threads to compute with. The answer has the texts' ids, the rendered conversation and its ids, the ids and the text written,
and tokens per second.
"""

import json
import sys
import urllib.request
from pathlib import Path

import xllamacpp


def start(file: str, threads: int):
    params = xllamacpp.CommonParams()
    params.model.path = file
    params.n_ctx = 1024
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.warmup = False
    params.verbosity = 0
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    return xllamacpp.Server(params)


def post(server, path: str, body: dict) -> dict:
    data = json.dumps(body).encode()
    request = urllib.request.Request(server.listening_address + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=300) as answer:
        return json.load(answer)


def tokenize(server, text: str, add_special=False) -> list[int]:
    return post(server, "/tokenize", {"content": text, "add_special": add_special, "parse_special": True})["tokens"]


def answer(server, request: dict) -> dict:
    found = {"ids": [tokenize(server, text) for text in request["texts"]]}
    if request.get("messages"):
        found["rendered"] = post(server, "/apply-template", {
            "messages": request["messages"], "chat_template_kwargs": {"enable_thinking": True}})["prompt"]
        found["rendered_ids"] = tokenize(server, found["rendered"], True)
    if request.get("prompt"):
        written = post(server, "/completion", {
            "prompt": request["prompt"], "n_predict": request["new_tokens"], "temperature": 0, "top_k": 1,
            "repeat_penalty": 1.0, "return_tokens": True, "cache_prompt": False})
        found["greedy_ids"] = written["tokens"]
        found["greedy_text"] = written["content"]
        found["tokens_per_second"] = written["timings"]["predicted_per_second"]
    return found


def main(arguments: list[str]):
    for file, request, target in zip(arguments[::3], arguments[1::3], arguments[2::3]):
        asked = json.loads(Path(request).read_text(encoding="utf-8"))
        server = start(file, asked.get("threads", 1))
        Path(target).write_text(json.dumps(answer(server, asked)), encoding="utf-8")
        del server


if __name__ == "__main__":
    main(sys.argv[1:])

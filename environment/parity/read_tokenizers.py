"""Reads saved tokenizers as a Python user would, and says what it found; grows and saves them in Python's own layouts.

    python read_tokenizers.py REQUEST.json ANSWER.json

REQUEST: texts (strings), folders (to read), grown (pairs of a folder to read and a new one to save into, with tokens
added). ANSWER: for every folder, in order, what `says` gives. Nothing is fetched.
"""
import json
import sys

from tokenizers import AddedToken
from transformers import AutoTokenizer

from read_checkpoint import complaints

CHAT = [{"role": "user", "content": "Hello!"}, {"role": "assistant", "content": "Hi."}, {"role": "user", "content": "Bye."}]


def load(folder):
    with complaints() as found:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True), found


def says(tok, found, texts):
    ids = [tok(text).input_ids for text in texts]
    return {
        "kind": type(tok).__name__, "complaints": found, "size": len(tok), "ids": ids,
        "decoded": [tok.decode(i) for i in ids],
        "decoded_without_special": [tok.decode(i, skip_special_tokens=True) for i in ids],
        "chat": tok.apply_chat_template(CHAT, tokenize=False, add_generation_prompt=True) if tok.chat_template else None,
        "bos": tok.bos_token_id, "eos": tok.eos_token_id, "pad": tok.pad_token_id,
    }


def grow(source, target, jinja, texts):
    tok, found = load(source)
    tok.add_tokens([AddedToken("<answer>", normalized=False)])
    tok.add_tokens(["<|mine|>"], special_tokens=True)
    tok.save_pretrained(target, save_jinja_files=jinja)
    return says(tok, found, texts)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        request = json.load(file)
    answers = [says(*load(folder), request["texts"]) for folder in request["folders"]]
    answers += [grow(source, target, number % 2 == 0, request["texts"])
                for number, (source, target) in enumerate(request["grown"])]
    with open(sys.argv[2], "w", encoding="ascii") as file:
        json.dump(answers, file)

"""Reads saved models as a Python user would, and says what it found.

    python read_checkpoint.py FOLDER REQUEST.json ANSWER.json [FOLDER REQUEST.json ANSWER.json]...

Several at once share the half minute that Python needs to start. REQUEST: texts (strings), prompt (token ids), new_tokens (how many to add greedily), positions (logits of how many of
the prompt's last positions). ANSWER: see `answer`. Nothing is fetched: the folder must hold all.
"""

import json
import logging
import platform
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer


class Listener(logging.Handler):
    """Keeps what transformers logs as a warning or worse."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.messages = []

    def emit(self, record):
        self.messages.append(record.getMessage())


@contextmanager
def complaints():
    """Collects warnings, logged or raised through the warnings module, into the list it yields."""
    listener = Listener()
    transformers.logging.disable_progress_bar()
    transformers.logging.add_handler(listener)
    try:
        with warnings.catch_warnings(record=True) as raised:
            warnings.simplefilter("always")
            yield listener.messages
        listener.messages.extend(f"{w.category.__name__}: {w.message}" for w in raised)
    finally:
        transformers.logging.remove_handler(listener)


def load(folder):
    """Tokenizer, model in f32, and all that was said about them: keys missing (so newly initialised), unexpected,
    of another shape, or unreadable, and any warning."""
    with complaints() as found:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model, info = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, local_files_only=True, output_loading_info=True)
    for kind, keys in info.items():
        found.extend(f"{kind}: {key}" for key in sorted(map(str, keys)))
    if len(tokenizer) != model.get_input_embeddings().num_embeddings:
        found.append(f"{len(tokenizer)} tokens, but {model.get_input_embeddings().num_embeddings} rows of embedding")
    return tokenizer, model, found


@torch.no_grad()
def last_logits(model, ids, positions):
    """The scores at the last positions, flat, row-major."""
    return model(ids).logits[0, -positions:].flatten().tolist()


def greedy(model, ids, new_tokens):
    """The likeliest continuation, up to and with an end token."""
    out = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=new_tokens)
    return out[0, ids.shape[1]:].tolist()


def answer(folder, request):
    """All that is asked for, ready for JSON."""
    tokenizer, model, found = load(folder)
    ids = [tokenizer(text)["input_ids"] for text in request["texts"]]
    prompt = torch.tensor([request["prompt"]])
    reply = greedy(model, prompt, request["new_tokens"])
    return {
        "versions": {"python": platform.python_version(), "torch": torch.__version__,
                     "transformers": transformers.__version__},
        "loading_warnings": found,
        "ids": ids,
        "decoded": [tokenizer.decode(row) for row in ids],
        "decoded_without_special": [tokenizer.decode(row, skip_special_tokens=True) for row in ids],
        "logits": last_logits(model, prompt, request["positions"]),
        "greedy_ids": reply,
        "greedy_text": tokenizer.decode(reply, skip_special_tokens=True),
    }


def main(*arguments):
    for folder, request, target in zip(*[iter(arguments)] * 3, strict=True):
        question = json.loads(Path(request).read_text(encoding="utf-8"))
        Path(target).write_text(json.dumps(answer(folder, question)), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Loads a saved LoRA adapter as a Python user would, and says what the model says with it.

    python read_adapter.py BASE_FOLDER ADAPTER_FOLDER REQUEST.json ANSWER.json

REQUEST: prompt (token ids). ANSWER: warnings of loading, logits (flat, of every position), the same after merging, and
trainable parameters when loaded to train on.
"""

import json
import sys
import warnings
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, logging


def load(base, adapter, **options):
    """The base model in f32 with the adapter on it."""
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, local_files_only=True)
    return PeftModel.from_pretrained(model, adapter, **options)


@torch.no_grad()
def answer(base, adapter, request):
    """All that is asked for, ready for JSON."""
    ids = torch.tensor([request["prompt"]])
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        model = load(base, adapter).eval()
    logits = model(ids).logits.flatten().tolist()
    trainable, everything = load(base, adapter, is_trainable=True).get_nb_trainable_parameters()
    return {
        "warnings": [str(w.message) for w in raised if "peft" in w.filename],
        "logits": logits,
        "merged_logits": model.merge_and_unload()(ids).logits.flatten().tolist(),
        "trainable": trainable,
        "all": everything,
    }


def main(base, adapter, request, target):
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    question = json.loads(Path(request).read_text(encoding="utf-8"))
    Path(target).write_text(json.dumps(answer(base, adapter, question)), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

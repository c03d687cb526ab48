"""Writing truths: numbers with nine significant digits (enough for every f32), stable order, versions."""

import json
import platform
from importlib.metadata import version
from pathlib import Path

import torch
from transformers.utils import logging

RESOURCES = Path(__file__).resolve().parents[2] / "src/test/resources/parity"


def number(value):
    """A float that prints with at most nine significant digits; an f32 survives the round trip."""
    if isinstance(value, torch.Tensor):
        value = value.item()
    return float(f"{value:.9g}")


def numbers(values):
    """A list of such floats from a tensor or any sequence."""
    return [number(v) for v in values]


def write_json(path, value):
    """Writes JSON with one top-level key a line, so that changes show in a diff and files stay small."""
    body = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in value.items())
    path.write_text("{\n" + body + "\n}\n", encoding="utf-8")


def write_versions(folder, packages):
    """Writes versions.txt: Python and the packages that computed the numbers."""
    lines = [f"python=={platform.python_version()}"] + [f"{name}=={version(name)}" for name in packages]
    (folder / "versions.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def prepare():
    """One thread and deterministic kernels, so that the same machine and versions give the same bytes; no chatter."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)

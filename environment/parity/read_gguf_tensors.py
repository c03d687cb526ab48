"""Holds GGUF files against others' readers: read_gguf_tensors.py F32.gguf REQUEST ANSWER

REQUEST is JSON: `files`, the same model in other types, by type; `prompt`, ids. ANSWER: `unequal`, the tensors whose bytes
are not those that the gguf package makes of the F32 file's; `logits` at the prompt's last position, as transformers has them
with `gguf_file=`, unless the prompt is empty.
"""

import json
import sys
from pathlib import Path

import gguf
import numpy as np
import torch
from transformers import AutoModelForCausalLM


def unequal(plain: gguf.GGUFReader, file: str) -> list[str]:
    found = []
    written = {tensor.name: tensor for tensor in gguf.GGUFReader(file).tensors}
    for tensor in plain.tensors:
        other = written[tensor.name]
        values = np.array(tensor.data, dtype=np.float32)
        expected = gguf.quants.quantize(values, other.tensor_type)
        if np.ascontiguousarray(expected).tobytes() != np.ascontiguousarray(other.data).tobytes():
            found.append(f"{tensor.name} {other.tensor_type.name}")
    return found + [name for name in written if name not in {tensor.name for tensor in plain.tensors}]


def logits(file: Path, prompt: list[int]) -> list[float]:
    model = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
    with torch.no_grad():
        return model(torch.tensor([prompt])).logits[0, -1].tolist()


def main(plain: str, request: str, answer: str):
    asked = json.loads(Path(request).read_text(encoding="utf-8"))
    reader = gguf.GGUFReader(plain)
    found = {"unequal": [f"{kind}: {name}" for kind, file in asked["files"].items() for name in unequal(reader, file)]}
    if asked["prompt"]:
        found["logits"] = logits(Path(plain), asked["prompt"])
    Path(answer).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

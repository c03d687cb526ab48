"""Writes what the gguf package makes of awkward numbers in every type that Java writes: make_quantised.py

    src/test/resources/org/coldstart/io/gguf/quantised.safetensors: `values` (F32), and the bytes of each type (U8)

Made with gguf 0.19.0.
"""

from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import save_file

TARGET = Path(__file__).resolve().parents[2] / "src/test/resources/org/coldstart/io/gguf/quantised.safetensors"
TYPES = ["F16", "BF16", "Q8_0", "Q4_0", "Q4_1"]


def blocks() -> np.ndarray:
    draw = np.random.default_rng(1)
    rows = [draw.normal(0, scale, (16, 32)) for scale in (1e-7, 1e-3, 0.05, 1, 300)]
    special = np.zeros((8, 32))
    special[1] = 1                                  # all alike
    special[2] = -0.0
    special[3] = np.arange(32) - 16                 # halves in Q8_0 and Q4
    special[4] = (np.arange(32) - 15.5) / 127
    special[5, 3], special[5, 7] = -2, 2            # which of two is the largest?
    special[6] = np.arange(32) * 2.0 ** -26         # subnormal in F16
    special[7] = 2.0 ** -14 * (1 - np.arange(32) / 2 ** 12)
    return np.concatenate([*rows, special]).astype(np.float32)


if __name__ == "__main__":
    values = blocks()
    tensors = {"values": values}
    for name in TYPES:
        kind = gguf.GGMLQuantizationType[name]
        tensors[name] = np.ascontiguousarray(gguf.quants.quantize(values, kind)).view(np.uint8).reshape(-1)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, TARGET)

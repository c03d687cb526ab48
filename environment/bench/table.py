"""Prints the results of environment/bench/load as a table: table.py OURS.json THEIRS.json (the second may be missing)."""

import json
import sys
from pathlib import Path

PARAMETERS = 1_235_814_400
MODEL = 2 * PARAMETERS


def main(ours, theirs):
    ours = json.loads(Path(ours).read_text())
    theirs = json.loads(Path(theirs).read_text()) if Path(theirs).exists() else {}
    print(f"Llama-3.2-1B shape, {PARAMETERS / 1e9:.3f} B parameters in bf16: {MODEL / 2**30:.2f} GiB\n")
    print("| stage | seconds: here | transformers | ratio | of processor: here | transformers | ratio | peak GiB: here | transformers | ratio |")
    print("|---" * 10 + "|")
    for name, mine in ours.items():
        cells = [name]
        for key, unit, digits in (("seconds", 1, 2), ("cpu", 1, 2), ("peak", 2**30, 2)):
            yours = theirs.get(name, {}).get(key)
            cells += [f"{mine[key] / unit:.{digits}f}"]
            cells += [f"{yours / unit:.{digits}f}", f"{mine[key] / yours:.2f}"] if yours else ["–", "–"]
        print("| " + " | ".join(cells) + " |")
    print(f"\nPeak while loading: {ours['load']['peak'] / MODEL:.2f} × the model.")


if __name__ == "__main__":
    main(*sys.argv[1:])

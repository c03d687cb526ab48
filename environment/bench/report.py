"""Turns the results of environment/bench/run, a JSON file a part, into Markdown tables."""

import json
from statistics import median

GIB = 2**30
ORDER = ["training", "memory", "1b", "generation", "decoding", "busy", "cost"]
COMPILED = "TRL, torch.compile"


def short(run):
    """One run in a line."""
    if "failed" in run:
        return run["failed"]
    speed = f"{run['tokens_per_second']:.1f} tokens/s, " if "tokens_per_second" in run else f"{run['seconds']:.2f} s, "
    return speed + f"peak {run['peak_bytes'] / GIB:.2f} GiB"


def compare_answers(runs):
    """Notes beside each answer set how many of its answers the first run gave too, token for token."""
    first = next((run for run in runs if "answers" in run), None)
    for run in runs:
        if "answers" in run:
            run["same_answers"] = sum(a == b for a, b in zip(first["answers"], run["answers"]))
            run["prompts"] = len(run["answers"])
    return runs


def values(runs, side, key, unit=1.0):
    return [run[key] / unit for run in runs if run["side"] == side and key in run]


def spread(numbers, digits):
    """Median, with the least and the most where there were several."""
    text = f"{median(numbers):,.{digits}f}"
    return text if len(numbers) < 2 else f"{text} ({min(numbers):,.{digits}f}–{max(numbers):,.{digits}f})"


def row(label, runs, peer, key, digits, unit=1.0):
    """One measure of both sides and the ratio of their medians, ours to the peer's."""
    cells, medians = [], []
    for side in ("ours", peer):
        numbers = values(runs, side, key, unit)
        failed = [run["failed"] for run in runs if run["side"] == side and "failed" in run]
        cells.append(spread(numbers, digits) if numbers else (failed or ["–"])[0])
        medians += [median(numbers)] if numbers else []
    ratio = f"{medians[0] / medians[1]:.2f}" if len(medians) == 2 and medians[1] else "–"
    return f"| {label} | {cells[0]} | {cells[1]} | {ratio} |"


def differences(runs):
    """What the two sides did not do alike, a sentence each: the figures compare only where there is none."""
    for key, name in (("tokens", "tokens"), ("steps", "steps"),
                      ("eval_kept_tokens", "held-out tokens that carry loss"), ("prompt_tokens", "prompt tokens")):
        seen = {side: set(values(runs, side, key)) for side in {run["side"] for run in runs}}
        if len({frozenset(numbers) for numbers in seen.values() if numbers}) > 1:
            yield f"\n**Not the same work:** {name}: {'; '.join(f'{s} {sorted(map(int, n))}' for s, n in sorted(seen.items()))}.\n"


def training(document):
    runs = document["runs"]
    yield "| | here | TRL | ratio |\n|---|---|---|---|"
    yield row("trained tokens a second, padding not counted", runs, "TRL", "tokens_per_second", 1)
    yield row("peak memory, GiB", runs, "TRL", "peak_bytes", 2, GIB)
    yield row("seconds from process start to first step", runs, "TRL", "seconds_to_first_step", 1)
    yield row("held-out loss afterwards", runs, "TRL", "eval_loss", 4)
    if any(run["side"] == COMPILED for run in runs):
        yield row("trained tokens a second, TRL with torch_compile=true", runs, COMPILED, "tokens_per_second", 1)
    yield from differences(runs)


def memory(document):
    runs = document["runs"]
    yield "| | here | TRL | ratio |\n|---|---|---|---|"
    yield row("peak memory, GiB", runs, "TRL", "peak_bytes", 2, GIB)
    yield row("trained tokens a second", runs, "TRL", "tokens_per_second", 1)
    if values(runs, "ours", "eval_loss"):
        yield row("held-out loss afterwards", runs, "TRL", "eval_loss", 4)
    yield from differences(runs)


def generation(document):
    yield "| prompts at once | tokens of answer a second: here | transformers | ratio | same answers |\n|---|---|---|---|---|"
    for batch in sorted({run["batch"] for run in document["runs"]}):
        runs = [run for run in document["runs"] if run["batch"] == batch]
        same = [run for run in runs if "same_answers" in run]
        least = min(same, key=lambda run: run["same_answers"], default=None)
        text = f"{least['same_answers']} of {least['prompts']}" if least else "–"
        yield row(str(batch), runs, "transformers", "tokens_per_second", 1) + f" {text} |"
        yield from differences(runs)


def decoding(document):
    """Weights of the same file, held in as many bits on both sides."""
    yield "| weights, prompts at once | tokens of answer a second: here | llama.cpp | ratio |\n|---|---|---|---|"
    runs = document["runs"]
    for weights, held, batch in dict.fromkeys((run["weights"], run["held in"], run["batch"]) for run in runs):
        some = [run for run in runs if (run["weights"], run["batch"]) == (weights, batch)]
        yield row(f"{weights} (here {held}), {batch}", some, "llama.cpp", "tokens_per_second", 1)


def busy(document):
    """What another process takes: each side's speed alone, beside it, and how many times slower that is."""
    yield "| tokens a second | idle | busy | times slower |\n|---|---|---|---|"
    runs = document["runs"]
    for work, side in dict.fromkeys((run["work"], run["side"]) for run in runs):
        some = [run | {"side": "ours" if run["state"] == "idle" else "busy"} for run in runs
                if (run["work"], run["side"]) == (work, side)]
        yield row(f"{work}, {'here' if side == 'ours' else side}", some, "busy", "tokens_per_second", 1)


def cost(document):
    runs, peak = document["runs"], document["settings"]["gemm flops per second"]
    lengths, batches = (sorted({run[key] for run in runs}) for key in ("length", "batch"))
    yield f"One micro-batch forward and back, loss on every token: seconds, peak GiB, share of the {peak / 1e9:,.0f} GFLOP/s"
    yield "that the fastest large matrix product reached.\n"
    yield "| tokens a row | " + " | ".join(f"{batch} row{'s' * (batch > 1)}" for batch in batches) + " |"
    yield "|---" * (len(batches) + 1) + "|"
    for length in lengths:
        cells = [cell(runs, length, batch, peak) for batch in batches]
        yield f"| {length} | " + " | ".join(cells) + " |"


def cell(runs, length, batch, peak):
    run = next((run for run in runs if (run["length"], run["batch"]) == (length, batch)), None)
    if run is None:
        return "–"
    if "failed" in run:
        return run["failed"]
    return f"{run['seconds']:.2f} s, {run['peak_bytes'] / GIB:.2f} GiB, {run['flops'] / run['seconds'] / peak:.0%}"


TITLES = {
    "training": "Full fine-tuning beside TRL",
    "memory": "Least memory",
    "1b": "Least memory, Llama-3.2-1B shape",
    "generation": "Greedy answers beside transformers",
    "decoding": "Greedy answers from weights in few bits, beside llama.cpp",
    "busy": "Beside a busy process",
    "cost": "What a micro-batch costs",
}
TABLES = {"training": training, "memory": memory, "1b": memory, "generation": generation,
          "decoding": decoding, "busy": busy, "cost": cost}


def under(document):
    """Settings and machine in two lines below a table."""
    machine, versions = document["machine"], document["machine"]["versions"]
    settings = "; ".join(f"{key} {value}" for key, value in document["settings"].items() if value not in ([], None) and key != "gemm flops per second")
    packages = ", ".join(f"{name} {version}" for name, version in versions.items() if name != "java")
    rounds = max((run.get("round", 1) for run in document["runs"]), default=1)
    return (f"Settings: {settings}. Median (least–most) of {rounds} round{'s' * (rounds > 1)}; ratio here to there.\n\n"
            f"Measured {machine['date']} on {machine['cpu']} ({', '.join(machine['instructions'])}), {machine['cores']} cores, "
            f"{machine['memory_gib']} GiB, {machine['system']}; {versions['java']}; {packages}; commit {machine['commit']}.\n")


def beside(tables):
    """Tables of several machines as one: a row for each label, "–" where a machine has none. The words around follow."""
    rows, notes = {}, []
    for machine, lines in tables:
        lines = [line for text in lines for line in text.split("\n") if line.strip()]
        width = len(next(iter(rows.values()), [""]))
        for number, line in enumerate(line for line in lines if line.startswith("|")):
            label, *cells = [cell.strip() for cell in line.strip("|").split("|")]
            known = rows.setdefault(("head", "rule", label)[min(number, 2)], [label])
            known += ["–"] * (width - len(known)) + (cells if number else [f"{machine}: {cell}" for cell in cells])
        most = max(map(len, rows.values()))
        rows = {label: cells + ["–"] * (most - len(cells)) for label, cells in rows.items()}
        notes += [f"{machine}: {line.strip()}" for line in lines if not line.startswith("|")]
    return ["| " + " | ".join(cells) + " |" for cells in rows.values()] + ["", *notes]


def markdown(folder):
    """The tables of all parts measured so far, those of several machines side by side."""
    lines = ["# Benchmarks\n", "Written by `environment/bench/run`; the JSON files in each machine's folder hold every run.\n"]
    for part in ORDER:
        documents = {file.parent.name: json.loads(file.read_text()) for file in sorted(folder.glob(f"*/{part}.json"))}
        if documents:
            tables = [(machine, list(TABLES[part](document))) for machine, document in documents.items()]
            alone = len(tables) == 1
            lines += [f"## {TITLES[part]}\n", *(tables[0][1] if alone else beside(tables)), ""]
            lines += [("" if alone else f"**{machine}.** ") + under(document) for machine, document in documents.items()]
    return "\n".join(lines)

"""Runs both sides in turn and writes what they measured; environment/bench/run starts it."""

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import machine
import report
from sides import ROOT, Sides

# Short parts first: the rounds of training take the time that is left.
DEFAULT_PARTS = ["generation", "decoding", "busy", "memory", "cost", "training"]
PARTS = [*DEFAULT_PARTS, "1b", "load"]
# llama.cpp's types of weights, and what ours holds weights of the same file in.
DECODE = {"F16": "BF16", "Q8_0": "INT8", "Q4_1": "INT4"}
QUICK = {"rows": 32, "busy_rows": 4, "eval_rows": 8, "rounds": 1, "memory_rows": 8, "new_tokens": 16, "prompts": 4, "max_tokens": 512,
         "lengths": [128, 256], "batches": [1, 2], "big_rows": 2, "big_length": 128}


def arguments():
    parser = argparse.ArgumentParser(prog="environment/bench/run", description=__doc__.split(";")[0] + ".")
    add = parser.add_argument
    add("--part", action="append", choices=PARTS, help=f"only this; may be repeated (default: {', '.join(DEFAULT_PARTS)})")
    add("--quick", action="store_true", help="small enough to see that everything works; the figures mean nothing")
    add("--rounds", type=int, default=3, help="times that each side runs, in turn (default 3)")
    add("--minutes", type=float, default=60, help="no new round begins that would end later than this (default 60)")
    add("--rows", type=int, default=400, help="training rows (default 400)")
    add("--eval-rows", type=int, default=40, help="held-out rows (default 40)")
    add("--learning-rate", type=float, default=1e-4)
    add("--threads", type=int, default=machine.cores(), help="of both sides (default: physical cores)")
    add("--precision", choices=["F32", "BF16"], default=machine.fastest(),
        help="of matrix products (default: BF16 where the processor has it)")
    add("--trl-option", action="append", default=[], metavar="NAME=JSON", help="a further setting of TRL's SFTConfig")
    add("--model", default="SmolLM2-135M-Instruct", help="name or path (default: the notebooks' own)")
    add("--memory-rows", type=int, default=64, help="rows of the part memory (default 64)")
    add("--busy-rows", type=int, default=32, help="rows of the part busy (default 32)")
    add("--prompts", type=int, default=16, help="prompts answered at once; a third of them one by one (default 16)")
    add("--new-tokens", type=int, default=64, help="most tokens of an answer (default 64)")
    add("--lengths", type=int, nargs="+", default=[128, 256, 512, 1024, 2048], help="of the cost table")
    add("--batches", type=int, nargs="+", default=[1, 2, 4, 8, 16], help="of the cost table")
    add("--max-tokens", type=int, default=4096, help="leave out cells of the cost table with more (default 4096)")
    add("--max-gib", type=float, default=0.92 * machine.memory_gib(),
        help="a process that takes more is ended and counts as out of memory (default: 92 %% of the machine's)")
    add("--1b-rows", dest="big_rows", type=int, default=4, help="rows of the part 1b, two to a step (default 4)")
    add("--1b-length", dest="big_length", type=int, default=512, help="tokens in each (default 512)")
    add("--work", type=Path, help="keep checkpoints and logs in this folder (default: a temporary one)")
    add("--out", type=Path, help="where the machine's folder goes (default: data/benchmarks, with --quick output/bench)")
    options = parser.parse_args()
    if options.quick:
        for name, value in QUICK.items():
            if getattr(options, name) == parser.get_default(name):
                setattr(options, name, value)
    options.out = options.out or ROOT / ("output/bench" if options.quick else "data/benchmarks")
    return options


class Bench:
    """One call of the command: the rows, the checkpoint, and the runs of each part.

    A part yields its settings and all runs so far, again and again as there are more, and each time they are written.
    """

    def __init__(self, options, work):
        self.options = options
        self.work = work
        self.sides = Sides(work, options.threads, options.max_gib)
        self.started = time.monotonic()
        self.commit = machine.git_commit(ROOT)  # now: what was built is this, whatever is checked out later
        self.checkpoint = work / "checkpoint"

    def prepare(self):
        if not (self.checkpoint / "model.safetensors").exists():
            self.sides.ours("model", self.options.model, self.checkpoint, name="model")

    def rows(self, count):
        """Training and held-out rows, written for both sides; returns the two files and where the rows came from."""
        source, rows = real_rows()
        held_out = self.options.eval_rows
        train, test = self.work / f"train-{count}.jsonl", self.work / "eval.jsonl"
        write(test, rows[:held_out])
        write(train, rows[held_out : held_out + count])
        return train, test, source

    def alternate(self, runs):
        """Each round runs every side once; the order changes from round to round. At least one round, then while time is left.
        Yields all results after each round."""
        results = []
        for number in range(self.options.rounds):
            begin = time.monotonic()
            for side, run in runs if number % 2 == 0 else runs[::-1]:
                results.append({"side": side, "round": number + 1} | run(number))
                say(f"  round {number + 1}, {side}: {report.short(results[-1])}")
            took = time.monotonic() - begin
            yield results
            if time.monotonic() + took - self.started > 60 * self.options.minutes:
                break

    def train(self, side, label, files, extra, number=0):
        """One process of training on one side: ours, TRL or TRL compiled."""
        o = self.options
        train, test = files
        command = ["--train", train, "--learning-rate", o.learning_rate, "--precision", o.precision, "--seed", number, *extra]
        if test:
            command += ["--eval", test]
        model = self.work / "1b" if label == "1b" else self.checkpoint
        name = f"{label}-{side}-{number + 1}".replace(" ", "-")
        if side != "ours":
            compiled = ["torch_compile=true"] if side == report.COMPILED else []
            for setting in o.trl_option + compiled:
                command += ["--option", setting]
            return self.sides.theirs("peer_training.py", "--model", model, *command, name=name)
        return self.sides.ours("training", "--model", model, *command, name=name)

    def training(self):
        self.prepare()
        train, test, source = self.rows(self.options.rows)
        batch = ["--batch", 4, "--accumulation", 8]
        runs = [(side, lambda n, side=side: self.train(side, "training", (train, test), batch, n)) for side in ("ours", "TRL")]
        settings = {"rows": self.options.rows, "source": source, "rows per micro-batch": 4, "micro-batches per step": 8,
                    "learning rate": self.options.learning_rate, "grouped by length": True, "optimizer": "fused AdamW",
                    "gradient checkpointing": False, "TRL options": self.options.trl_option}
        for results in self.alternate(runs):
            yield settings, results
        # A line of its own: it compiles again for other lengths, and needs a C++ compiler.
        compiled = self.train(report.COMPILED, "training", (train, test), batch)
        say(f"  {report.COMPILED}: {report.short(compiled)}")
        yield settings, results + [{"side": report.COMPILED, "round": 1} | compiled]

    def recipes(self, label, files, accumulation):
        """The least memory: 8-bit AdamW (TRL's from bitsandbytes), gradient checkpointing, one row at a time."""
        one = ["--batch", 1, "--accumulation", accumulation, "--gradient-checkpointing", "--max-length", 2048]
        return [
            ("ours", lambda n: self.train("ours", label, files, [*one, "--optim", "ADAMW_8BIT"], n)),
            ("TRL", lambda n: self.train("TRL", label, files, [*one, "--optim", "adamw_bnb_8bit"], n)),
        ]

    def memory(self):
        self.prepare()
        train, test, source = self.rows(self.options.memory_rows)
        settings = {"rows": self.options.memory_rows, "source": source, "rows per micro-batch": 1,
                    "micro-batches per step": 32, "gradient checkpointing": True,
                    "optimizer": "8-bit AdamW (TRL: bitsandbytes)"}
        yield from self.once(settings, self.recipes("memory", (train, test), 32))

    def one_billion(self):
        """The Llama-3.2-1B shape with random weights, on random tokens."""
        folder = self.work / "1b"
        if not (folder / "model.safetensors").exists():
            self.sides.python("load.py", "make", folder, name="1b")
        draw = random.Random(0)
        train = self.work / "1b.jsonl"
        count, length = self.options.big_rows, self.options.big_length
        write(train, [{"input_ids": [draw.randrange(1000, 128000) for _ in range(length)]} for _ in range(count)])
        settings = {"rows": count, "length": length, "rows per micro-batch": 1, "micro-batches per step": 2,
                    "gradient checkpointing": True, "optimizer": "8-bit AdamW (TRL: bitsandbytes)"}
        yield from self.once(settings, self.recipes("1b", (train, None), 2))

    def once(self, settings, runs):
        """Memory hardly differs from run to run: one round."""
        results = []
        for side, run in runs:
            results.append({"side": side, "round": 1} | run(0))
            say(f"  {side}: {report.short(results[-1])}")
            yield settings, results

    def answer(self, side, model, batch, *extra):
        """One process that answers prompts, `batch` at a time."""
        count = self.options.prompts if batch > 1 else -(-self.options.prompts // 3)
        prompts = self.work / f"prompts-{batch}.jsonl"
        write(prompts, [{"text": row["prompt"][0]["content"]} for row in real_rows()[1][:count]])
        command = ["--model", model, "--prompts", prompts, "--batch", batch, "--new-tokens", self.options.new_tokens, *extra]
        name = f"answers-{side}-{batch}"
        if side == "ours":
            return self.sides.ours("generation", *command, name=name)
        if side == "llama.cpp":
            return self.sides.theirs("peer_llama.py", "--tokenizer", self.checkpoint, *command, name=name)
        return self.sides.theirs("peer_generation.py", *command, name=name)

    def answers(self, sides, of):
        """Rounds of one prompt at a time, then of many at once; yields all runs so far, each with its batch and `of`."""
        results = []
        for batch in (1, self.options.prompts):
            runs = [(side, lambda n, side=side, how=how: self.answer(side, how[0], batch, *how[1:])) for side, how in sides]
            before = results
            for more in self.alternate(runs):
                results = before + [run | {"batch": batch} | of for run in more]
                yield results

    def answer_settings(self):
        return {"prompts at once": self.options.prompts, "new tokens": self.options.new_tokens, "greedy": True}

    def generation(self):
        self.prepare()
        how = (self.checkpoint, "--dtype", self.options.precision)
        for results in self.answers([("ours", how), ("transformers", how)], {}):
            for batch in {run["batch"] for run in results}:
                report.compare_answers([run for run in results if run["batch"] == batch])
            yield self.answer_settings(), results

    def decoding(self):
        """Weights held in few bits, beside llama.cpp: both sides read the same GGUF file."""
        self.prepare()
        source = os.environ.get("COLDSTART_GGUF")
        if not source or self.options.model not in ("SmolLM2-135M-Instruct", source):
            raise SystemExit("The part decoding runs with the default model alone, whose GGUF file COLDSTART_GGUF names.")
        settings, results = self.answer_settings() | {"precision": None}, []
        for weights, held in DECODE.items():
            file = Path(source) if weights == "Q4_1" else self.work / f"{weights}.gguf"  # its own type
            if not file.exists():
                self.sides.python("requantize.py", source, file, weights, name=f"requantize-{weights}")
            sides = [("ours", (file, "--decode", held)), ("llama.cpp", (file,))]
            before = results
            for more in self.answers(sides, {"weights": weights, "held in": held}):
                results = before + more
                yield settings, results

    def busy(self):
        """Training and decoding of each side, alone and beside one process that wants a core, in one round."""
        self.prepare()
        train, _, source = self.rows(self.options.busy_rows)
        settings = {"rows": self.options.busy_rows, "source": source, "rows per micro-batch": 4, "micro-batches per step": 8,
                    "beside": "one single-threaded process, niced by 15"} | self.answer_settings()
        step = lambda side: self.train(side, "busy", (train, None), ["--batch", 4, "--accumulation", 8])
        reply = lambda side: self.answer(side, self.checkpoint, 1, "--dtype", self.options.precision)
        results = []
        for work, run, side in (("training", step, "ours"), ("training", step, "TRL"),
                                ("one reply at a time", reply, "ours"), ("one reply at a time", reply, "transformers")):
            for state, beside in (("idle", contextlib.nullcontext), ("busy", busy_process)):
                with beside():
                    figures = run(side)
                results.append({"side": side, "round": 1, "work": work, "state": state} | figures)
                say(f"  {work}, {side}, {state}: {report.short(results[-1])}")
                yield settings, results

    def cost(self):
        self.prepare()
        gemm = self.sides.ours("gemm", "--precision", self.options.precision, name="gemm")["flops_per_second"]
        say(f"  matrix products: {gemm / 1e9:.0f} GFLOP/s")
        settings = {"gemm flops per second": gemm, "gradient checkpointing": False}
        results = []
        for length in self.options.lengths:
            for batch in self.options.batches:
                if length * batch <= self.options.max_tokens:
                    run = self.sides.ours("cost", "--model", self.checkpoint, "--length", length, "--batch", batch,
                                          "--precision", self.options.precision, name=f"cost-{length}x{batch}")
                    results.append({"side": "ours", "length": length, "batch": batch} | run)
                    say(f"  {batch} x {length}: {report.short(results[-1])}")
                    yield settings, results

    def run(self, part):
        say(f"{part} ...")
        if part == "load":
            self.sides.load()
            return
        for settings, runs in (self.one_billion if part == "1b" else getattr(self, part))():
            self.save(part, settings, runs)

    def save(self, part, settings, runs):
        settings = {"precision": self.options.precision, "threads": self.options.threads, "model": self.options.model} | settings
        runs = [{key: value for key, value in run.items() if key != "answers"} for run in runs]
        document = {"part": part, "machine": machine.describe(self.sides.versions(), self.commit), "settings": settings, "runs": runs}
        folder = self.options.out / machine.folder()
        folder.mkdir(parents=True, exist_ok=True)
        replace(folder / f"{part}.json", json.dumps(document, indent=1, ensure_ascii=False) + "\n")
        replace(self.options.out / "README.md", report.markdown(self.options.out))


@contextlib.contextmanager
def busy_process():
    """A process that never rests, as a browser's tab may; ended with the block."""
    process = subprocess.Popen(["nice", "-n", "15", sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def real_rows():
    """GSM8K where it is at hand, this project's own word problems elsewhere, as conversations of prompt and completion."""
    shared = Path(os.environ.get("COLDSTART_SHARED", "nowhere")) / "gsm8k/train.jsonl"
    if shared.exists():
        source, question, answer = "GSM8K", "question", lambda row: row["answer"]
    else:
        shared = ROOT / "data/reasoning/train.jsonl"
        source, question, answer = "data/reasoning", "instruction", lambda row: f"{row['reasoning']}\n{row['output']}"
    rows = [json.loads(line) for line in shared.read_text().splitlines()]
    return source, [
        {"prompt": [{"role": "user", "content": row[question]}],
         "completion": [{"role": "assistant", "content": answer(row)}]} for row in rows
    ]


def write(file, rows):
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def replace(file, text):
    """Whole or not at all: a bench is often stopped."""
    aside = file.with_name(file.name + ".tmp")
    aside.write_text(text)
    aside.replace(file)


def say(text):
    print(text, file=sys.stderr, flush=True)


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended, and the folder deleted
    with tempfile.TemporaryDirectory() as temporary:
        work = (options.work or Path(temporary)).absolute()
        work.mkdir(parents=True, exist_ok=True)
        bench = Bench(options, work)
        for part in options.part or DEFAULT_PARTS:
            bench.run(part)
    print(report.markdown(options.out))


if __name__ == "__main__":
    main()

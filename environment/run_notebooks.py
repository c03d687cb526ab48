"""Runs the notebooks and the solutions of their exercises headless through the `java` kernel, one line each, and prints the reproduction table.

Started by environment/run and environment/test, which set everything up first. Settings reach the notebooks as environment
variables (COLDSTART_PROFILE, COLDSTART_STEPS, ...); the class org.coldstart.notebook.Settings reads and checks them there.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
SOLUTIONS = NOTEBOOKS / "solutions"
SETTINGS = ("model", "steps", "rows", "prompts", "seed")
ANSI = re.compile(r"\x1b\[[0-9;]*m")
QUOTED_LINES = 25


class Failure(Exception):
    """A notebook that did not run through, with the text to show for it."""


def name_of(path: Path) -> str:
    """04-training.ipynb or solutions/04-training.ipynb; a notebook from elsewhere has its file's name alone."""
    return path.relative_to(NOTEBOOKS).as_posix() if path.is_relative_to(NOTEBOOKS) else path.name


class Runner(NotebookClient):
    """Executes one notebook in its own folder, as JupyterLab does, within a time limit for the whole of it."""

    def __init__(self, notebook, path: Path, minutes: float | None):
        deadline = None if minutes is None else time.monotonic() + 60 * minutes
        super().__init__(
            notebook,
            kernel_name="java",
            resources={"metadata": {"path": str(path.parent)}},
            timeout_func=None if deadline is None else lambda cell: max(1, int(deadline - time.monotonic())),
            record_timing=False,
            coalesce_streams=True,
            on_cell_start=self.show_cell,
        )
        self.name = name_of(path)
        self.minutes = minutes
        self.cell_index = 0

    def show_cell(self, cell, cell_index):
        self.cell_index = cell_index
        if sys.stdout.isatty():
            print(f"\r\033[K{self.name}  cell {cell_index + 1}/{len(self.nb.cells)}", end="", flush=True)

    def run(self):
        try:
            self.execute()
        except (asyncio.CancelledError, CellExecutionError, CellTimeoutError, RuntimeError) as error:
            # nbclient answers Ctrl-C itself: it stops the kernel, whose last cell then fails in one way or another.
            if isinstance(error, asyncio.CancelledError) or hasattr(self, "_async_cleanup_kernel_future"):
                raise KeyboardInterrupt from None
            raise Failure(self.explain(error)) from None

    def explain(self, error: Exception) -> str:
        if isinstance(error, CellExecutionError):
            return self.describe("\n".join(java_message(self.nb.cells[self.cell_index], error)))
        if isinstance(error, CellTimeoutError):
            return self.describe(f"The notebook ran longer than {self.minutes:g} minutes; --timeout allows more.")
        if isinstance(error, DeadKernelError):
            return self.describe("The kernel died; if the machine ran out of memory, try --set rows=… or --set steps=…")
        return f"  The kernel did not start: {error}"

    def describe(self, message: str) -> str:
        source = self.nb.cells[self.cell_index].source.splitlines()
        quoted = source[:QUOTED_LINES] + (["…"] if len(source) > QUOTED_LINES else [])
        return "\n".join([f"  cell {self.cell_index + 1}:", *(f"  | {line}" for line in quoted), *(f"  {line}" for line in message.splitlines())])


def java_message(cell, error: CellExecutionError) -> list[str]:
    """Java's own words: the traceback the kernel published, without colours, cut to its head."""
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            lines = [ANSI.sub("", line) for entry in output.traceback for line in entry.splitlines()]
            lines = [line for line in lines if line.strip("- ")]
            return lines[:QUOTED_LINES] + (["…"] if len(lines) > QUOTED_LINES else [])
    return str(error).splitlines()


def tidy(notebook):
    """Takes out what changes from machine to machine, so that stored notebooks differ only where results do."""
    notebook.metadata = nbformat.from_dict({
        "kernelspec": {"display_name": "Java", "language": "java", "name": "java"},
        "language_info": {"name": "Java", "file_extension": ".jshell", "mimetype": "text/x-java-source"},
    })
    for cell in notebook.cells:
        for volatile in ("execution", "ExecuteTime", "widgets"):
            cell.metadata.pop(volatile, None)
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                output.text = re.sub(r"^\[W [\d-]+ [\d:.]+ ", "[W ", output.text, flags=re.M)  # a warning without its time


def run_notebook(path: Path, target: Path, minutes: float | None) -> bool:
    notebook = nbformat.read(path, as_version=4)
    start = time.monotonic()
    failure = None
    try:
        Runner(notebook, path, minutes).run()
    except Failure as failed:
        failure = str(failed)
    seconds = time.monotonic() - start
    clear = "\r\033[K" if sys.stdout.isatty() else ""
    print(f"{clear}{name_of(path):<38} {seconds:7.1f} s  {'ok' if failure is None else 'FAILED'}", flush=True)
    if failure is not None:
        print(failure, flush=True)
    if failure is None or target != path:
        tidy(notebook)
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, target)
    return failure is None


def keep_results(name: str, results: Path, kept: Path):
    """Where the project keeps a notebook's results of several models, the rows of this run's model are replaced."""
    new, file = results / f"{name}.json", kept / f"{name}.json"
    if file.exists() and new.exists():
        rows = json.loads(new.read_text(encoding="utf-8"))
        models = {row["model"] for row in rows}
        rows += [row for row in json.loads(file.read_text(encoding="utf-8")) if row["model"] not in models]
        rows.sort(key=lambda row: row["model"])
        file.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def reproduction_table(folder: Path) -> str:
    """The rows that notebooks left as JSON lists of {"what", "article", "here", "model"}, one file per notebook."""
    rows = [("", "what", "article", "here", "model")]
    for file in sorted(folder.glob("*.json")):
        for row in json.loads(file.read_text(encoding="utf-8")):
            rows.append((file.stem, *(str(row.get(key) or "–") for key in ("what", "article", "here", "model"))))
    if len(rows) == 1:
        return ""
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return "\n".join([lines[0], "─" * max(map(len, lines)), *lines[1:]])


def setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if name.lower() not in SETTINGS or not equals or not value:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE with a name out of {', '.join(SETTINGS)}")
    if name.lower() == "model" and Path(value).exists():
        value = str(Path(value).resolve())  # the notebooks run in another folder
    return name.lower(), value


def find(name: str) -> Path:
    """A notebook by its path, its file name, or the start of it ("04", "solutions/04")."""
    matches = [Path(name)] if Path(name).is_file() else sorted(NOTEBOOKS.glob(f"{name}*.ipynb")) or sorted(NOTEBOOKS.glob(name))
    if len(matches) != 1:
        raise argparse.ArgumentTypeError(f"no notebook {name!r} in {NOTEBOOKS}" if not matches else f"{name!r} could be {', '.join(m.name for m in matches)}")
    return matches[0].resolve()


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="environment/run",
        description="Runs the notebooks and their solutions headless through the real kernel and prints the reproduction table.",
        epilog="--with-python also installs PyTorch, transformers and llama.cpp, with which 06 and 13 read what Java saved. "
        "--set model=gemma-3-270m installs that base model, once Google's terms for it are accepted: when asked, or by --accept-gemma-terms.")
    parser.add_argument("notebooks", nargs="*", type=find, metavar="notebook", help="which ones, by file name or its start, like 04 or solutions/04 (default: all, then, but in the profile article, all solutions)")
    parser.add_argument("--profile", choices=("quick", "article"), help="quick: small, for a CPU (default); article: the articles' models, data and settings")
    parser.add_argument("--set", action="append", type=setting, default=[], metavar="NAME=VALUE", dest="settings", help=f"change one setting: {', '.join(SETTINGS)}")
    parser.add_argument("--timeout", type=float, metavar="MINUTES", help="for each notebook (default: 60, none with --profile article)")
    parser.add_argument("--in-place", action="store_true", help="store the outputs in notebooks/ itself, and results in data/results where that keeps them")
    parser.add_argument("--test", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    options = parse_arguments()
    if options.profile:
        os.environ["COLDSTART_PROFILE"] = options.profile
    for name, value in options.settings:
        os.environ[f"COLDSTART_{name.upper()}"] = value
    output = Path(os.environ.setdefault("COLDSTART_OUTPUT", str(ROOT / "output"))).resolve()
    article = os.environ.get("COLDSTART_PROFILE") == "article"
    minutes = options.timeout or (None if article else 60)

    passed = failed = 0
    solutions = [] if article else sorted(SOLUTIONS.glob("*.ipynb"))
    for path in options.notebooks or sorted(NOTEBOOKS.glob("*.ipynb")) + solutions:
        if path.parent != SOLUTIONS:
            (output / "results" / f"{path.stem}.json").unlink(missing_ok=True)
        target = path if options.in_place else output / "notebooks" / name_of(path)
        if run_notebook(path, target, minutes):
            passed += 1
            if options.in_place:
                keep_results(path.stem, output / "results", ROOT / "data" / "results")
        else:
            failed += 1

    if not options.test:
        table = reproduction_table(output / "results")
        print(f"\n{table}\n" if table else "")
        print(f"Executed notebooks: {NOTEBOOKS if options.in_place else output / 'notebooks'}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)

#!/usr/bin/env python3
"""Keeps the course in Chinese beside the English one: one source of code, outputs and figures, and the prose of each.

  environment/translate.py                  checks, and fails naming each piece that is not, or no longer, a translation
  environment/translate.py sync             brings code, outputs and renewed figures of the English into the Chinese files
  environment/translate.py accept NAME [ID] the Chinese says what the English says now: of notebooks/NAME.ipynb or NAME.md,
                                            or of one piece of it

A piece is a Markdown cell, or a page's section. With each stands a mark: a hash of the English text it translates, its
figures left out, and the figures that stand at another place in the Chinese. So a figure that environment/claims.py renewed
is brought over, and a changed sentence is found.
"""

import hashlib
import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"README.md": "README.zh.md", "notebooks/glossary.md": "notebooks/zh/glossary.md",
         "notebooks/from-python.md": "notebooks/zh/from-python.md"}
FIGURE = re.compile(r"\d(?:[\d.,]*\d)?(?:e[-+]?\d+)?")
FENCE = re.compile(r"```.*?```", re.S)
CODE = re.compile(r"`[^`\n]+`")
LINK = re.compile(r"\]\(([^)#\s]*)[^)\s]*\)")
MARKS = re.compile(r"\n<!-- translates: (.*) -->\n\Z")


@dataclass
class Piece:
    """An English text, what it is in Chinese (empty: not yet), and the mark that was set when the two said the same."""

    key: str
    english: str
    chinese: str = ""
    mark: str = ""

    def shape(self):
        return hashlib.sha256(FIGURE.sub("#", self.english).encode()).hexdigest()[:12]

    def figures(self):
        return FIGURE.findall(self.english), FIGURE.findall(self.chinese)

    def accept(self):
        """Sets the mark, unless the two have different figures: which Chinese one is which English one is not known then."""
        english, chinese = self.figures()
        if sorted(english) == sorted(chinese):
            free = {value: [i for i, other in enumerate(english) if other == value] for value in english}
            places = [free[value].pop(0) for value in chinese]
            self.mark = self.shape() + "".join(f" {i}:{place}" for i, place in enumerate(places) if i != place)

    def expected(self):
        """The figures the Chinese is to have: the English ones, those that the mark names at other places."""
        english, _ = self.figures()
        moved = dict(tuple(map(int, pair.split(":"))) for pair in self.mark.split()[1:])
        return [english[moved.get(i, i)] for i in range(len(english))]

    def is_current(self):
        return self.mark.split()[:1] == [self.shape()]

    def renew_figures(self):
        if self.is_current() and len(self.expected()) == len(self.figures()[1]):
            figures = iter(self.expected())
            self.chinese = FIGURE.sub(lambda _: next(figures), self.chinese)

    def problems(self, links, expected_links):
        english, chinese = self.figures()
        if not self.mark or self.chinese == self.english:
            yield "not translated yet"
        elif not self.is_current():
            differ = "" if sorted(english) == sorted(chinese) else f" (figures: {', '.join(chinese)}; {', '.join(english)})"
            yield f"the English text has changed; mend the Chinese, then accept it{differ}"
        elif self.expected() != chinese:
            yield f"its figures are {', '.join(chinese)}; the English ones {', '.join(english)}: sync or mend it"
        elif code(self.english) != code(self.chinese):
            yield f"code differs: {', '.join(sorted(code(self.english) ^ code(self.chinese)))}"
        elif links != expected_links:
            yield f"links differ: {', '.join(sorted(links ^ expected_links))}"


class Notebook:
    """Two notebooks of the same cells; the Chinese prose is kept by cell id."""

    def __init__(self, name):
        self.english, self.chinese = ROOT / "notebooks" / name, ROOT / "notebooks/zh" / name
        self.source = json.loads(self.english.read_text(encoding="utf-8"))
        self.stored = self.chinese.read_text(encoding="utf-8") if self.chinese.exists() else '{"cells": []}'
        known = {cell["id"]: cell for cell in json.loads(self.stored)["cells"]}
        self.pieces = [
            Piece(cell["id"], "".join(cell["source"]), "".join(known.get(cell["id"], {}).get("source", cell["source"])),
                  known.get(cell["id"], {}).get("metadata", {}).get("translates", ""))
            for cell in self.source["cells"] if cell["cell_type"] == "markdown"]

    def written(self):
        prose = {piece.key: piece for piece in self.pieces}
        cells = [cell if cell["id"] not in prose else {
            **cell, "metadata": {**cell["metadata"], "translates": prose[cell["id"]].mark},
            "source": prose[cell["id"]].chinese.splitlines(keepends=True)} for cell in self.source["cells"]]
        return json.dumps({**self.source, "cells": cells}, indent=1, ensure_ascii=False) + "\n"


class Page:
    """Two Markdown files of the same sections; the marks stand in the last line of the Chinese one."""

    def __init__(self, name):
        self.english, self.chinese = ROOT / name, ROOT / PAGES[name]
        self.stored = self.chinese.read_text(encoding="utf-8") if self.chinese.exists() else ""
        marks = MARKS.search(self.stored)
        english = self.sections(self.english.read_text(encoding="utf-8"))
        chinese = self.sections(MARKS.sub("", self.stored))
        marks = marks.group(1).split("; ") if marks else []
        self.pieces = [Piece(f"section {i + 1}", text, *(both[i] if i < len(both) else "" for both in (chinese, marks)))
                       for i, text in enumerate(english)]
        self.more = "".join(chinese[len(english):])

    @staticmethod
    def sections(text):
        return re.split(r"^(?=## )", text, flags=re.M)

    def written(self):
        marks = "; ".join(piece.mark for piece in self.pieces)
        return "".join(piece.chinese for piece in self.pieces) + self.more + f"\n<!-- translates: {marks} -->\n"


def code(text):
    return set(CODE.findall(FENCE.sub("", text)))


def links(file, text, counterpart=lambda path: path):
    """The files and addresses a text leads to, those that have a counterpart in the other language as that."""
    found = [link for link in LINK.findall(CODE.sub("", FENCE.sub("", text))) if link]
    return {link if "://" in link else counterpart(os.path.normpath(file.parent.relative_to(ROOT) / link)) for link in found}


def counterparts(documents):
    pairs = {str(d.english.relative_to(ROOT)): str(d.chinese.relative_to(ROOT)) for d in documents}
    pairs["notebooks/solutions"] = "notebooks/zh/solutions"
    pairs |= {chinese: english for english, chinese in pairs.items()}
    return lambda path: pairs.get(path, path)


def problems(documents):
    other = counterparts(documents)
    for document in documents:
        name = document.chinese.relative_to(ROOT)
        if not document.chinese.exists():
            yield f"{name} is missing"
            continue
        if document.written() != document.stored:
            yield f"{name} is not what the English one makes it: run environment/translate.py sync"
        if isinstance(document, Page) and document.more:
            yield f"{name} has more sections than {document.english.name}"
        for piece in document.pieces:
            expected = links(document.english, piece.english, other)
            for problem in piece.problems(links(document.chinese, piece.chinese), expected):
                yield f"{name}, {piece.key}: {problem}"
    made = {document.chinese for document in documents}
    yield from (f"{path.relative_to(ROOT)} has no English notebook" for path in (ROOT / "notebooks/zh").rglob("[!.]*.ipynb")
                if path not in made and ".ipynb_checkpoints" not in path.parts)


def main(arguments):
    notebooks = sorted([*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "notebooks/solutions").glob("*.ipynb")])
    documents = [Notebook(path.relative_to(ROOT / "notebooks")) for path in notebooks] + [Page(name) for name in PAGES]
    if arguments[:1] == ["accept"] and len(arguments) in (2, 3):
        chosen = [d for d in documents if str(d.english.relative_to(ROOT)).removeprefix("notebooks/").startswith(arguments[1])]
        pieces = [piece for d in chosen for piece in d.pieces if piece.key in arguments[2:] or not arguments[2:]]
        if not pieces:
            sys.exit(f"nothing is called {' '.join(arguments[1:])}")
        for piece in pieces:
            piece.accept()
    elif arguments not in ([], ["sync"]):
        sys.exit(__doc__)
    if arguments:
        for document in documents:
            for piece in document.pieces if arguments == ["sync"] else []:
                piece.renew_figures()
            if isinstance(document, Notebook) or document.chinese.exists():
                document.chinese.parent.mkdir(parents=True, exist_ok=True)
                document.stored = document.written()
                document.chinese.write_text(document.stored, encoding="utf-8")
    found = list(problems(documents))
    print("\n".join(found), file=sys.stderr)
    print(f"{sum(len(d.pieces) for d in documents)} translated pieces, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

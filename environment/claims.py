#!/usr/bin/env python3
"""Holds the prose to what was measured.

  environment/claims.py [--write] [NN ...]

environment/claims/NN.py lists the claims of notebook NN and its solutions, README.py those of the README and docs/. A list is
Python, run with these names:

  claim(template, *values)   the template, with each {} replaced by its value ({:.2f} and the like), stands in the prose
  holds(sentence, truth)     a sentence without figures stands in the prose, and what it says is true
  given(*texts)              words with figures that no output carries: the article's, a setting, a formula
  notebook("05")             its stored outputs; "solutions/05" are those of the solutions
    .cell(row, column, table)  a cell, by the text its row begins with, its column's head (or number), and the table's
                               caption or its code cell's id
    .column(column, table)     all cells of a column
    .find(regex)               the first group in the outputs' text
    .reproduction()            the rows of the closing table: what, article, here
  picture(path, name, cell)  a copied picture is the one that this notebook's cell shows
  elsewhere(*headings)       sections whose figures are checked by other means, or are none of a measurement
  csv_rows("data/studies/x.csv", column=value, ...)  rows as dicts;  text(path), json_file(path), number(text), numbers(text)

It fails, naming file, sentence and figures, where a claim does not stand or is not true, and where a figure in the prose
(a percentage, a decimal fraction, a whole number above 20; code and links do not count) is neither claimed nor given.
--write puts the measured figures into the sentences, after the notebooks were run again.
"""

import ast
import base64
import csv
import json
import re
import string
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NUMBER = r"[-−]?\d(?:[\d.,]*\d)?(?:e[-+]?\d+)?"
NOT_PROSE = re.compile(  # blanked out before figures are looked for
    r"```.*?```|`[^`\n]*`|\[[^\]]*\]\(https?://[^)]*\)|\]\([^)]*\)|<https?://[^>]*>|^#+ \d+ ·|^ *\d+\. ", re.S | re.M)
FIGURE = re.compile(rf"(?<![\w.\-])({NUMBER})(?![\w\-]*[A-Za-z])( ?%)?")
VERSION = re.compile(r"\d+\.\d+\.\d+")


class Tables(HTMLParser):
    """The tables of an HTML output: caption, and rows of cell texts, the head first."""

    def __init__(self, html):
        super().__init__()
        self.found, self.into = [], None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.found.append(("", []))
        elif tag == "tr" and self.found:
            self.found[-1][1].append([])
        elif tag in ("td", "th") and self.found and self.found[-1][1]:
            self.found[-1][1][-1].append("")
        self.into = tag if tag in ("td", "th", "caption") else self.into

    def handle_endtag(self, tag):
        self.into = None if tag == self.into else self.into

    def handle_data(self, data):
        if not self.found:
            return
        if self.into == "caption":
            self.found[-1] = (self.found[-1][0] + data, self.found[-1][1])
        elif self.into:
            self.found[-1][1][-1][-1] += data


class Notebook:
    """The stored outputs of a notebook."""

    def __init__(self, path):
        self.name, self.tables, self.text, self.pictures = path.stem, [], "", {}
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                html = "".join(data.get("text/html", []))
                self.tables += [(cell.get("id"), title, rows) for title, rows in Tables(html).found]
                self.text += "".join(output.get("text", [])) + "".join(data.get("text/plain", [])) + "\n"
                self.text += unescape(re.sub(r"<[^>]*>", "", html)) + "\n"
                if "image/png" in data:
                    self.pictures[cell.get("id")] = base64.b64decode("".join(data["image/png"]))

    def rows(self, table):
        found = [rows for id, title, rows in self.tables if table in (id, title)]
        if not found:
            raise LookupError(f"{self.name} has no table {table!r}; it has {[t[:2] for t in self.tables]}")
        return found[0]

    def column(self, column, table):
        rows = self.rows(table)
        if column not in rows[0] and not isinstance(column, int):
            raise LookupError(f"{self.name}, {table}: no column {column!r} in {rows[0]}")
        index = column if isinstance(column, int) else rows[0].index(column)
        return [row[index] for row in rows[1:]]

    def cell(self, row, column, table):
        labels = [" ".join(cells).strip() for cells in self.rows(table)[1:]]
        for label, cell in zip(labels, self.column(column, table)):
            if label.startswith(row):
                return cell
        raise LookupError(f"{self.name}, {table}: no row {row!r} in {labels}")

    def find(self, regex):
        match = re.search(regex, self.text)
        if not match:
            raise LookupError(f"{self.name}: no output matches {regex!r}")
        return match.group(1)

    def reproduction(self):
        return [row for id, title, rows in self.tables if title == "article | here" for row in rows[1:]]


class Prose:
    """The prose of a list: texts that can be searched and rewritten, and which of their letters are accounted for."""

    def __init__(self, paths):
        self.paths, self.documents, self.pieces, self.covered = paths, {}, [], []
        for path in paths:
            text = path.read_text(encoding="utf-8")
            if path.suffix == ".ipynb":
                self.documents[path] = json.loads(text)
                cells = [c for c in self.documents[path]["cells"] if c["cell_type"] == "markdown"]
                self.pieces += [(path, cell, "".join(cell["source"])) for cell in cells]
            else:
                self.pieces.append((path, None, text))
        self.covered = [set() for _ in self.pieces]

    def cover(self, pattern):
        """Whether it stands there; its figures are accounted for."""
        count = 0
        for (_, _, text), covered in zip(self.pieces, self.covered):
            for match in re.finditer(pattern, text):
                covered.update(range(*match.span()))
                count += 1
        return count > 0

    def near(self, pattern):
        return [(i, match) for i, piece in enumerate(self.pieces) for match in re.finditer(pattern, piece[2])]

    def rewrite(self, index, start, end, new):
        path, cell, text = self.pieces[index]
        text = text[:start] + new + text[end:]
        self.pieces[index] = (path, cell, text)
        shift = len(new) - (end - start)
        self.covered[index] = {i + shift * (i >= end) for i in self.covered[index]} | set(range(start, start + len(new)))
        if cell is None:
            path.write_text(text, encoding="utf-8")
        else:
            cell["source"] = text.splitlines(keepends=True)
            path.write_text(json.dumps(self.documents[path], indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def uncovered(self):
        for (path, _, text), covered in zip(self.pieces, self.covered):
            prose = NOT_PROSE.sub(lambda match: " " * len(match.group()), text)
            for match in FIGURE.finditer(prose):
                if VERSION.fullmatch(match.group(1)):
                    continue
                size = number(match.group(1))
                if (match.group(2) or "." in match.group(1) or abs(size) > 20) and match.start() not in covered:
                    yield path, match.group(), " ".join(text[max(0, match.start() - 50):match.end() + 30].split())


def words(text):
    """A pattern for a text, however its lines are broken; a figure at its edge is a whole one."""
    pattern = r"\s+".join(re.escape(word) for word in re.split(r"\s+", text))
    before, after = r"(?<![\d.,])" if text[:1].isdigit() else "", r"(?![.,]?\d)" if text[-1:].isdigit() else ""
    return before + pattern + after


def number(text):
    return numbers(text)[0]


def numbers(text):
    return [float(n.replace(",", "").replace("−", "-")) for n in re.findall(NUMBER, text)]


class Claims:
    """One list, checked against the prose of its files."""

    def __init__(self, root, name, write=False):
        self.root, self.write, self.failures, self.count, self.written = root, write, [], 0, 0
        self.list = root / "environment/claims" / f"{name}.py"
        notebooks = root / "notebooks"
        self.prose = Prose([root / "README.md", *root.glob("docs/*.md")] if name == "README" else
                           [*notebooks.glob(f"{name}*.ipynb"), *(notebooks / "solutions").glob(f"{name}*.ipynb")])

    def run(self):
        names = {"claim": self.claim, "holds": self.holds, "given": self.given, "elsewhere": self.elsewhere,
                 "picture": self.picture, "notebook": self.notebook, "csv_rows": self.csv_rows, "number": number,
                 "numbers": numbers, "text": lambda path: (self.root / path).read_text(encoding="utf-8"),
                 "json_file": lambda path: json.loads((self.root / path).read_text(encoding="utf-8"))}
        for statement in ast.parse(self.list.read_text(encoding="utf-8") if self.list.exists() else "").body:
            try:
                exec(compile(ast.Module([statement], []), str(self.list), "exec"), names)
            except Exception as error:  # an output that is gone is a failure like another; the next claims are read
                self.fail(f"line {statement.lineno}: {type(error).__name__}: {error}")
        for path, figure, around in self.prose.uncovered():
            self.fail(f"{path.relative_to(self.root)}: {figure!r} is neither claimed nor given: … {around} …")
        return self

    def fail(self, message):
        self.failures.append(f"environment/claims/{self.list.name}: {message}")

    def where(self):
        return ", ".join(str(path.relative_to(self.root)) for path in self.prose.paths)

    def claim(self, template, *values):
        self.count += 1
        rendered = template.format(*values)
        if self.prose.cover(words(rendered)):
            return
        pattern, rest = "", list(values)
        for literal, field, *_ in string.Formatter().parse(template):
            pattern += re.sub(r"\\?\s+", r"\\s+", re.escape(literal))
            if field is not None:
                shown = not isinstance(rest[0], str) or re.fullmatch(NUMBER, rest[0])
                pattern += NUMBER if shown else r"[^\n|]+?"
                rest = rest[1:]
        near = self.prose.near(pattern if template[-1:] != "}" else pattern + r"(?![\w])")
        if self.write and len(near) == 1:
            index, match = near[0]
            self.prose.rewrite(index, *match.span(), rendered)
            self.written += 1
        else:
            stands = " / ".join(repr(match.group()) for _, match in near) or f"nothing like it in {self.where()}"
            self.fail(f"the outputs give {rendered!r}, the prose has {stands}")

    def holds(self, sentence, truth):
        self.count += 1
        if not self.prose.cover(words(sentence)):
            self.fail(f"{sentence!r} does not stand in {self.where()}")
        elif not truth:
            self.fail(f"{sentence!r} is not true of the outputs")

    def given(self, *texts):
        for text in texts:
            if not self.prose.cover(words(text)):
                self.fail(f"given, but not in {self.where()}: {text!r}")

    def picture(self, path, name, cell):
        self.count += 1
        measured = self.notebook(name).pictures[cell]
        if self.write:
            (self.root / path).write_bytes(measured)
        elif (self.root / path).read_bytes() != measured:
            self.fail(f"{path} is not the picture of notebook {name}'s cell {cell}")

    def elsewhere(self, *headings):
        for heading in headings:
            if not self.prose.cover(re.compile(rf"^## {re.escape(heading)}$.*?(?=^## |\Z)", re.S | re.M)):
                self.fail(f"no section {heading!r} in {self.where()}")

    def notebook(self, name):
        return Notebook(next((self.root / "notebooks").glob(f"{name}*.ipynb")))

    def csv_rows(self, path, **wanted):
        with open(self.root / path, encoding="utf-8", newline="") as file:
            return [row for row in csv.DictReader(file) if all(row[key] == str(value) for key, value in wanted.items())]


def main(arguments):
    names = [a for a in arguments if a != "--write"]
    names = names or ["README", *sorted(path.name[:2] for path in (ROOT / "notebooks").glob("*.ipynb"))]
    lists = [Claims(ROOT, name, "--write" in arguments).run() for name in names]
    failures = [failure for one in lists for failure in one.failures]
    print("\n".join(failures), file=sys.stderr)
    print(f"{sum(one.count for one in lists)} claims, {sum(one.written for one in lists)} rewritten, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

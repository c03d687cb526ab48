"""Tests of the course's editions: the student's has every exercise and nothing that solves it, the teacher's has all of
both, the marks are nbgrader's, and the slides show every cell and fetch nothing.

Started by environment/test with the Python of .venv.
"""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
NAMES = sorted(file.name for file in (ROOT / "notebooks").glob("*.ipynb"))
FETCHED = re.compile(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=\"?(?:https?:)?//[^>]*")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def cells(file, kind):
    notebook = json.loads(file.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def text_of(cell):
    return "".join(cell["source"])


def lines_of_solution(name):
    """What a student must not find: lines of the solutions that do not stand in the notebook, long enough to tell."""
    known = (ROOT / "notebooks" / name).read_text(encoding="utf-8")
    solutions = json.loads((ROOT / "notebooks/solutions" / name).read_text(encoding="utf-8"))["cells"]
    lines = {line.strip() for cell in solutions for line in text_of(cell).splitlines()}
    return [line for line in lines if len(line) > 25 and not line.startswith(("#", "*", "To the exercises"))
            and json.dumps(line, ensure_ascii=False)[1:-1] not in known]


def make(edition, out, **options):
    return subprocess.run([ROOT / "environment/course", f"--{edition}", "--out", out], **options)


class CourseTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        for edition in ("student", "teacher"):
            make(edition, Path(cls.folder.name) / edition, check=True)
        cls.student, cls.teacher = (Path(cls.folder.name) / edition for edition in ("student", "teacher"))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def each(self, *folders):
        for folder in folders:
            self.assertEqual(NAMES, sorted(file.name for file in (folder / "notebooks").glob("*.ipynb")))
        return [folder / "notebooks" / name for folder in folders for name in NAMES]

    def testTheStudentFindsNoSolution(self):
        looked_for = 0
        for file in self.each(self.student):
            text = file.read_text(encoding="utf-8")
            lines = lines_of_solution(file.name)
            looked_for += len(lines)
            self.assertEqual([], [line for line in lines if json.dumps(line, ensure_ascii=False)[1:-1] in text], file)
            self.assertNotIn("](solutions/", text)
        self.assertGreater(looked_for, 20 * len(NAMES))
        self.assertFalse((self.student / "notebooks/solutions").exists())

    def testTheStudentFindsNoOutput(self):
        for file in self.each(self.student):
            left = {(len(cell["outputs"]), cell["execution_count"]) for cell in cells(file, "code")}
            self.assertEqual({(0, None)}, left, file)

    def testTheStudentHasTheNotebookAndTwoAnswersToEachExercise(self):
        for file in self.each(self.student):
            original = [text_of(cell) for cell in cells(ROOT / "notebooks" / file.name, "code")]
            code = [text_of(cell) for cell in cells(file, "code")]
            words = [text_of(cell) for cell in cells(file, "markdown")]
            exercises = [text for text in words if re.match(r"### Exercise \d+ \((easy|medium|hard)\)\n\n\w", text)]
            self.assertGreaterEqual(len(exercises), 3, file)
            self.assertEqual(original + ["// YOUR CODE HERE"] * len(exercises), code, file)
            self.assertEqual(len(exercises), words.count("YOUR ANSWER HERE"), file)

    def testTheTeacherHasEveryCellAndOutput(self):
        for file in self.each(self.teacher):
            sources = [ROOT / "notebooks" / file.name, ROOT / "notebooks/solutions" / file.name]
            code = [cell for source in sources for cell in cells(source, "code")]
            self.assertEqual([text_of(cell).replace("../../data", "../data") for cell in code],
                             [text_of(cell) for cell in cells(file, "code")], file)
            outputs = [cell["outputs"] for cell in cells(file, "code")]
            self.assertEqual([cell["outputs"] for cell in code], outputs, file)
            there = "\n".join(text_of(cell) for cell in cells(file, "markdown"))
            words = [line for cell in cells(sources[1], "markdown") for line in text_of(cell).splitlines()]
            self.assertEqual([], [line for line in words if not line.startswith(("#", "*"))
                                  and line.replace("](../", "](") not in there], file)

    def testMarksAreNbgraders(self):
        for file in self.each(self.student, self.teacher):
            notebook = nbformat.read(file, as_version=4)
            nbformat.validate(notebook)
            marked = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
            marks = [cell.metadata.nbgrader for cell in marked]
            self.assertEqual(len(marks), len({mark.grade_id for mark in marks}), file)
            for cell, mark in zip(marked, marks):
                self.assertEqual(mark.grade, "points" in mark)
                self.assertNotEqual(mark.locked, mark.solution)
                if cell.cell_type == "markdown":  # nbgrader takes words as an answer only if they are graded
                    self.assertEqual(mark.grade, mark.solution)

    def testLinksOfTheNotebooksLeadSomewhere(self):
        for file in self.each(self.student, self.teacher):
            links = {link for cell in cells(file, "markdown") for link in LINK.findall(text_of(cell))}
            self.assertEqual(set(), {link for link in links if not (file.parent / link).exists()}, file)

    def testNoFolderIsOverwrittenThatIsNoEdition(self):
        with tempfile.TemporaryDirectory() as other:
            done = make("student", other, capture_output=True, text=True)
            self.assertNotEqual(0, done.returncode)
            self.assertIn("was not made by environment/course", done.stderr)

    def testSlidesShowEveryCellAndFetchNothing(self):
        folder = Path(self.folder.name)
        for part in ("dist", "plugin/notes"):
            (folder / "reveal" / part).mkdir(parents=True)
        (folder / "reveal/LICENSE").touch()
        script = ROOT / "environment/lib/slides.py"
        subprocess.run([sys.executable, script, folder / "slides", folder / "reveal"], check=True)
        for name in NAMES:
            page = (folder / "slides" / name.replace(".ipynb", ".html")).read_text(encoding="utf-8")
            shown = html.unescape(re.sub(r"<[^>]*>", "", page))
            code = [text_of(cell).rstrip() for cell in cells(ROOT / "notebooks" / name, "code")]
            self.assertEqual([], [source for source in code if source not in shown], name)
            self.assertEqual([], FETCHED.findall(page), name)


if __name__ == "__main__":
    sys.exit(unittest.main())

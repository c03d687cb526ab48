"""Makes the student's and the teacher's edition: environment/course calls it with the edition and the folder to write.

Both are a checkout in which every notebook ends with its exercises, a cell of text each, and answers. The teacher's has
the solutions there, with their outputs, in cells marked as nbgrader marks them; the student's is made of it as nbgrader
makes an assignment: an answer becomes a stub, what only a solution needs is left out, and no cell has an output.
"""

import copy
import json
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LEFT_OUT = ("notebooks/solutions", "notebooks/zh", "environment/claims", "src/test", ".ci", ".github", ".git")
POINTS = {"easy": 1, "medium": 2, "hard": 3}
MARK = ".edition"  # in a folder that may be written anew
STUBS = {"code": "// YOUR CODE HERE", "markdown": "YOUR ANSWER HERE"}  # nbgrader's own
EXERCISE = re.compile(r"^(\d+)\. \((easy|medium|hard)\) (.+?)(?=^\d+\. |\n\n|\Z)", re.M | re.S)
SECTION = re.compile(r"^(?=## \d+\. )", re.M)

NBGRADER_CONFIG = '''\
# In this folder `nbgrader generate_assignment notebooks` makes release/notebooks, the student's notebooks.
from nbconvert.preprocessors import TagRemovePreprocessor
from nbgrader.converters import GenerateAssignment

c = get_config()
c.CourseDirectory.source_directory = "."
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc"]
c.TagRemovePreprocessor.enabled = True
c.TagRemovePreprocessor.remove_cell_tags = {"solution"}
c.GenerateAssignment.preprocessors = [TagRemovePreprocessor, *GenerateAssignment.preprocessors.default_args[0]]
'''


def read(file):
    return json.loads(file.read_text(encoding="utf-8"))


def write(file, notebook):
    file.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def text_of(cell):
    return "".join(cell["source"])


def prose(name, text):
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": text.strip("\n").splitlines(keepends=True)}


def marked(cell, name, grade=False, points=0, solution=True):
    """The cell with nbgrader's mark; what is not graded and part of a solution is tagged to be left out."""
    mark = {"grade": grade, "grade_id": name, "locked": not solution, "schema_version": 3, "solution": solution,
            "task": False}
    if grade:
        mark["points"] = points
    cell["metadata"] = {"nbgrader": mark} | ({"tags": ["solution"]} if solution and not points else {})
    return cell


def sections(solutions):
    """The cells of a notebook of solutions by the number of their exercise; 0 is what comes before the first."""
    found, number = {0: []}, 0
    for cell in solutions["cells"]:
        if cell["cell_type"] == "code":
            cell["source"] = [line.replace("../../data", "../data") for line in cell["source"]]
            found[number].append(cell)
            continue
        for i, piece in enumerate(SECTION.split(text_of(cell))):
            heading = re.match(r"## (\d+)\. .*\n+\*.*\*(?:\n+|\Z)", piece)
            if heading:
                number = int(heading.group(1))
                found[number] = []
                piece = piece[heading.end():]
            if piece.strip():
                found[number].append(prose(f"{cell['id']}-{i}", piece.replace("](../", "](")))
    return found


def answers(number, level, cells):
    """The solution's cells: the first code and the last words are what is asked for, the rest helps."""
    code = next(cell for cell in cells if cell["cell_type"] == "code")
    words = next(cell for cell in reversed(cells) if cell["cell_type"] == "markdown")
    for i, cell in enumerate(cells):
        asked = cell is code or cell is words
        marked(cell, f"exercise-{number}-{i}", asked or cell["cell_type"] == "markdown", POINTS[level] if asked else 0)
    return cells


def teacher(file):
    """A notebook with the solutions at its exercises."""
    notebook, solutions = read(file), sections(read(file.parent / "solutions" / file.name))
    last = notebook["cells"].pop()
    seen, exercises = text_of(last).split("## Exercises\n")
    shared = solutions.pop(0)
    shared[0]["source"] = ["### What the solutions share\n", "\n", *shared[0]["source"][2:]]
    head = f"{seen}## Exercises\n\nBelow each is a cell for code and one for words."
    notebook["cells"].append(prose(last["id"], head))
    notebook["cells"] += [marked(cell, f"shared-{i}", cell["cell_type"] == "markdown") for i, cell in enumerate(shared)]
    asked = EXERCISE.findall(exercises)
    if {int(number) for number, _, _ in asked} != set(solutions):
        raise SystemExit(f"{file.name} and its solutions do not have the same exercises.")
    for number, level, text in asked:
        statement = prose(f"exercise-{number}", f"### Exercise {number} ({level})\n\n{text}")
        notebook["cells"].append(marked(statement, f"exercise-{number}", solution=False))
        notebook["cells"] += answers(number, level, solutions.pop(int(number)))
    return notebook


def student(notebook):
    """The teacher's notebook without what solves the exercises."""
    notebook = copy.deepcopy(notebook)
    notebook["cells"] = [c for c in notebook["cells"] if "solution" not in c["metadata"].get("tags", [])]
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = [STUBS[cell["cell_type"]]]
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    return notebook


def copy_checkout(out):
    ignored = {line.strip().strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()}

    def left_out(folder, names):
        folder = Path(folder).relative_to(ROOT)
        return [name for name in names if name in ignored or (folder / name).as_posix() in LEFT_OUT]

    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(ROOT, out, ignore=left_out)


def main(edition, out):
    if out.exists() and not (out / MARK).is_file():
        raise SystemExit(f"{out} is there and was not made by environment/course; name another folder, or delete it.")
    copy_checkout(out)
    (out / MARK).touch()
    for file in sorted((ROOT / "notebooks").glob("*.ipynb")):
        full = teacher(file)
        write(out / "notebooks" / file.name, full if edition == "teacher" else student(full))
    if edition == "teacher":
        (out / "nbgrader_config.py").write_text(NBGRADER_CONFIG, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).resolve())

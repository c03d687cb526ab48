"""Makes slides of the notebooks: environment/course calls it with the folder to write and that of reveal.js.

A heading opens a slide, words and the code that follows them are a slide below it. Of the words a slide shows the first
paragraph, pictures, tables and lists; the rest goes into the speaker's notes.
"""

import re
import shutil
import sys
from pathlib import Path

import nbformat
from nbconvert.exporters import SlidesExporter
from nbformat.v4 import new_markdown_cell

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
HEADING = re.compile(r"^(?=#{1,2} )", re.M)
SHOWN = re.compile(r"#|!\[|\||[-*] |\d+\. ")


def slide_type(cell, kind):
    cell.metadata = {"slideshow": {"slide_type": kind}}
    return cell


def spread(text, kind):
    """What a slide shows of a text, and what is left to be said."""
    blocks = re.split(r"\n\s*\n", text.strip())
    first = next((i for i, block in enumerate(blocks) if not block.startswith("#")), 0)
    shown = [block for i, block in enumerate(blocks) if i == first or SHOWN.match(block)]
    said = [block for i, block in enumerate(blocks) if i != first and not SHOWN.match(block)]
    yield slide_type(new_markdown_cell("\n\n".join(shown)), kind)
    if said:
        yield slide_type(new_markdown_cell("\n\n".join(said)), "notes")


def slides(cells):
    """The notebook's cells, each with its place: a new slide, one below, the same, or the notes."""
    after_words = False
    for cell in cells:
        if cell.cell_type == "code":
            yield slide_type(cell, "-" if after_words else "subslide")
            after_words = False
            continue
        for piece in filter(str.strip, HEADING.split(cell.source)):
            yield from spread(piece, "slide" if piece.startswith("#") else "subslide")
        after_words = True


def main(out, reveal):
    if out.exists() and not (out / "reveal.js").is_dir():
        raise SystemExit(f"{out} is there and holds no slides; name another folder, or delete it.")
    shutil.rmtree(out, ignore_errors=True)
    for part in ("dist", "plugin/notes"):
        shutil.copytree(reveal / part, out / "reveal.js" / part, ignore=shutil.ignore_patterns("*.map"))
    shutil.copyfile(reveal / "LICENSE", out / "reveal.js/LICENSE")
    exporter = SlidesExporter(
        template_name="slides", extra_template_basedirs=[str(HERE)], reveal_url_prefix="reveal.js",
        reveal_theme="white", embed_images=True)
    for file in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(file, as_version=4)
        notebook.cells = list(slides(notebook.cells))
        html, _ = exporter.from_notebook_node(
            notebook, resources={"metadata": {"name": file.stem, "path": str(file.parent)}})
        (out / f"{file.stem}.html").write_text(html, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]))

"""Builds the static site: environment/site calls it with the checkout and the class path of the library.

Pages are written into target/site-source, from the README, the notebooks with their stored outputs, the pages beside
them, and each file of the source that one of these links to; MkDocs makes target/site of them, and javadoc the part
below api/. A link that leads nowhere stops the build.
"""

import base64
import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

from mkdocs.commands.build import build
from mkdocs.config import load_config

ROOT = Path(sys.argv[1])
SOURCE, SITE = ROOT / "target/site-source", ROOT / "target/site"
DOCS = SOURCE / "docs"

# Sections of the README that have a page of their own; what is not named here is the start page.
README_PAGES = {
    "reading-list.md": ["Read in this order"],
    "reproduction.md": ["Reproduction"],
    "another-model.md": ["Another model", "GPU"],
    "how-it-is-built.md": ["How it is built", "Known limits"],
}
LIBRARY = ("notebook", "evaluate", "train", "generate", "lora", "data", "model", "tokenizer")
LANGUAGES = {".java": "java", ".py": "python", ".jsh": "java", ".csv": "text"}
LINK = re.compile(r"(!?\[[^\]]*\]\()([^)\s:#]*)(#[^)\s]*)?(\))")
ANSI = re.compile(r"\x1b\[[0-9;]*m")
CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.S)
LIST_AFTER_TEXT = re.compile(r"^(?![ ]*(?:[-*] |\d+\. )|\s*$|#)(.+)\n(?=(?:[-*] |\d+\. ))", re.M)


class Pages:
    """The site's pages by the file of the checkout that they show, and what is still to be written."""

    def __init__(self):
        self.by_file = {}  # "notebooks/01-tokens.ipynb" -> "notebooks/01-tokens.md"
        self.sections = {}  # anchor in the README -> its page
        self.sources = []

    def add(self, file):
        path = file.relative_to(ROOT).as_posix()
        self.by_file[path] = re.sub(r"(^|/)README\.md$", r"\1index.md", re.sub(r"\.ipynb$", ".md", path))
        return self.by_file[path]

    def page_of(self, target, anchor, wanted_by):
        """The page or file of the site for a path in the checkout."""
        file = ROOT / target
        if target == "README.md" and anchor and anchor[1:] in self.sections:
            return self.sections[anchor[1:]]
        if target in self.by_file:
            return self.by_file[target]
        if f"{target}/README.md" in self.by_file:
            return self.by_file[f"{target}/README.md"]
        if file.is_file() and file.suffix in LANGUAGES:
            self.by_file[target] = f"source/{target}.md"
            self.sources.append(file)
            return self.by_file[target]
        if file.is_file():
            self.by_file[target] = target
            (DOCS / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, DOCS / target)
            return target
        if file.is_dir():
            return self.add_folder(file)
        raise SystemExit(f"{wanted_by} links to {target}, which is not there.")

    def add_folder(self, folder):
        path = folder.relative_to(ROOT).as_posix()
        inside = sorted(file for file in self.by_file if PurePosixPath(file).parent.as_posix() == path)
        if not inside:
            raise SystemExit(f"A page links to the folder {path}, of which the site has no page; link to a file in it.")
        self.by_file[path] = f"{path}/index.md"
        lines = [f"- [{title_of(ROOT / file)}]({PurePosixPath(self.by_file[file]).name})" for file in inside]
        write(self.by_file[path], f"# {folder.name.capitalize()}\n\n" + "\n".join(lines) + "\n")
        return self.by_file[path]

    def relink(self, text, file, page):
        """Markdown of a file of the checkout, with links as the page needs them."""

        def link(match):
            before, target, anchor, after = match.groups(default="")
            path = os.path.normpath(PurePosixPath(file).parent / target) if target else file
            there = self.page_of(path, anchor, file)
            return f"{before}{os.path.relpath(there, PurePosixPath(page).parent)}{anchor}{after}"

        parts = CODE.split(text)
        return "".join(part if i % 2 else LINK.sub(link, part) for i, part in enumerate(parts))


def write(page, text):
    (DOCS / page).parent.mkdir(parents=True, exist_ok=True)
    (DOCS / page).write_text(text, encoding="utf-8")


def markdown(text):
    """GitHub's Markdown as Python's wants it: a blank line before a list, no \\< and, in code, no \\| of a table."""
    parts = re.split(r"(```.*?```)", text, flags=re.S)
    for i in range(0, len(parts), 2):
        pieces = CODE.split(LIST_AFTER_TEXT.sub(r"\1\n\n", parts[i]))
        parts[i] = "".join(piece.replace("\\|", "|") if j % 2 else piece.replace("\\<", "&lt;")
                           for j, piece in enumerate(pieces))
    return "".join(parts)


def anchor_of(heading):
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def title_of(file):
    """The first heading of a page, up to its colon."""
    if file.suffix == ".ipynb":
        text = "".join(json.loads(file.read_text(encoding="utf-8"))["cells"][0]["source"])
    else:
        text = file.read_text(encoding="utf-8")
    return re.search(r"^# ([^:\n]+)", text, re.M).group(1)


# ---- notebooks -------------------------------------------------------------------------------------------------------


def output_of(output):
    """One stored output as HTML without line breaks, so that Markdown leaves it alone."""
    if output["output_type"] == "stream":
        return pre("".join(output["text"]))
    if output["output_type"] == "error":
        return pre(ANSI.sub("", "\n".join(output["traceback"])))
    data = {kind: "".join(value) for kind, value in output["data"].items()}
    if "text/html" in data:
        return data["text/html"].replace("\n", "&#10;")
    if "image/svg+xml" in data:
        return data["image/svg+xml"].replace("\n", " ")
    if "image/png" in data:
        return f'<img alt="chart" src="data:image/png;base64,{data["image/png"].strip()}">'
    return pre(data.get("text/markdown", data["text/plain"]))


def pre(text):
    return "<pre>" + html.escape(text.rstrip("\n")).replace("\n", "&#10;") + "</pre>"


def notebook(file):
    parts = []
    for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```java\n{source}\n```")
        parts += [f'<div class="output">{output_of(output)}</div>' for output in cell["outputs"]]
    return "\n\n".join(parts) + "\n"


# ---- the pages -------------------------------------------------------------------------------------------------------


def readme(pages):
    """The README's sections, spread over the start page and README_PAGES."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    head, *sections = re.split(r"^(?=## )", text, flags=re.M)
    where = {heading: page for page, headings in README_PAGES.items() for heading in headings}
    content = {"index.md": head}
    for section in sections:
        heading = section[3:section.index("\n")]
        page = where.pop(heading, "index.md")
        pages.sections[anchor_of(heading)] = page
        content[page] = content.get(page, "") + (section if page in content else section[1:])
    if where:
        raise SystemExit(f"README.md has no section {', '.join(where)} any more; see README_PAGES in {__file__}.")
    pages.by_file["README.md"] = "index.md"
    return content


def library():
    """A page that leads to each package of the library's Javadoc."""
    lines = ["# The library", "",
             "The Javadoc of what the notebooks call; every class says its role in its first sentence.", "",
             "| package | classes |", "|---|---|"]
    for package in LIBRARY:
        folder = DOCS / "api/org/coldstart" / package
        classes = sorted(file.stem for file in folder.glob("[A-Z]*.html") if "." not in file.stem)
        links = ", ".join(f"[{name}](api/org/coldstart/{package}/{name}.html)" for name in classes)
        lines.append(f"| [{package}](api/org/coldstart/{package}/package-summary.html) | {links} |")
    write("library.md", "\n".join(lines) + "\n")


def javadoc(classpath):
    """All packages: JDK 17's javadoc stops at a class that is left out and named by one that is not."""
    done = subprocess.run([
        Path(os.environ["JAVA_HOME"]) / "bin/javadoc", "-quiet", "-Xdoclint:none", "-notimestamp", "-encoding", "UTF-8",
        "-linksource", "-d", DOCS / "api", "-sourcepath", ROOT / "src/main/java", "-classpath", classpath,
        "--add-stylesheet", ROOT / "environment/lib/javadoc.css", "-windowtitle", "Coldstart",
        "-doctitle", "Coldstart's library", "-header", '<a href="{@docRoot}/../index.html">Coldstart</a>',
        "-subpackages", "org.coldstart"])
    if done.returncode:
        raise SystemExit("javadoc failed; its message is above.")


def navigation(pages):
    def titled(files):
        return [{title_of(file): pages.by_file[file.relative_to(ROOT).as_posix()]} for file in files]

    def notebooks_in(folder):
        return titled(sorted((ROOT / folder).glob("*.ipynb")))

    listed = pages.relink((ROOT / "README.md").read_text(encoding="utf-8"), "README.md", "index.md")
    reading = dict.fromkeys(re.findall(r"^\d+\. \[.*?\]\((source/[^)]*)\)", listed, re.M))
    kinds = ("*.ipynb", "solutions/*.ipynb", "*.md")
    zh = [*ROOT.glob("README.zh.md"), *(f for kind in kinds for f in sorted((ROOT / "notebooks/zh").glob(kind)))]
    return [
        {"Start": "index.md"},
        {"Notebooks": notebooks_in("notebooks")},
        {"Solutions": notebooks_in("notebooks/solutions")},
        *([{"中文": titled(zh)}] if zh else []),
        {"Words": titled([ROOT / "notebooks/glossary.md", ROOT / "notebooks/from-python.md"])},
        {"Reading list": ["reading-list.md", *({PurePosixPath(page).stem: page} for page in reading)]},
        {"Library": "library.md"},
        {"Measured": ["reproduction.md", *titled(sorted((ROOT / "docs").glob("performance.md"))),
                      *titled([ROOT / "data/benchmarks/README.md", ROOT / "data/studies/README.md"])]},
        {"More": ["another-model.md", "how-it-is-built.md",
                  *titled([file for file in sorted((ROOT / "docs").glob("*.md")) if file.name != "performance.md"]),
                  *titled([ROOT / "data/README.md", *sorted((ROOT / "data").glob("[cfr]*/README.md"))])]},
    ]


def configuration(nav):
    palette = [{"media": f"(prefers-color-scheme: {mode})", "scheme": scheme, "primary": "indigo", "accent": "indigo",
                "toggle": {"icon": f"material/{icon}", "name": f"Switch to {other}"}}
               for mode, scheme, icon, other in (("light", "default", "weather-night", "dark"),
                                                 ("dark", "slate", "weather-sunny", "light"))]
    return {
        "site_name": "Coldstart", "site_url": os.environ.get("SITE_URL", ""), "nav": nav, "strict": True,
        "docs_dir": str(DOCS), "site_dir": str(SITE), "use_directory_urls": False, "extra_css": ["site.css"],
        "site_description": "Fine-tuning language models, taught step by step in Java notebooks",
        "theme": {"name": "material", "language": "en", "font": False, "palette": palette,
                  "icon": {"logo": "material/school"},
                  "features": ["navigation.footer", "navigation.top", "content.code.copy",
                               "search.highlight", "toc.follow"]},
        "plugins": ["search"],
        "validation": {"links": {"anchors": "warn", "unrecognized_links": "warn"}, "omitted_files": "ignore"},
        "markdown_extensions": ["tables", "fenced_code", "sane_lists", {"toc": {"permalink": True}},
                                {"pymdownx.highlight": {"use_pygments": True}}, "pymdownx.superfences"],
    }


def main():
    shutil.rmtree(SOURCE, ignore_errors=True)
    DOCS.mkdir(parents=True)
    shutil.copyfile(ROOT / "environment/lib/site.css", DOCS / "site.css")
    javadoc(sys.argv[2])
    library()

    pages = Pages()
    content = readme(pages)
    notebooks = sorted(ROOT.glob("notebooks/**/*.ipynb"))
    prose = [*ROOT.glob("README.zh.md"), *ROOT.glob("notebooks/**/*.md"), *ROOT.glob("docs/*.md"),
             *ROOT.glob("data/**/README.md")]
    for file in [*notebooks, *prose]:
        pages.add(file)
    for page, text in content.items():
        write(page, pages.relink(markdown(text), "README.md", page))
    for file in [*notebooks, *prose]:
        path = file.relative_to(ROOT).as_posix()
        text = notebook(file) if file.suffix == ".ipynb" else file.read_text(encoding="utf-8")
        write(pages.by_file[path], pages.relink(markdown(text), path, pages.by_file[path]))
    for file in pages.sources:
        path = file.relative_to(ROOT).as_posix()
        text = file.read_text(encoding="utf-8")
        write(pages.by_file[path], f"---\nhide: [toc]\nsearch: {{exclude: true}}\n---\n\n# {file.stem}\n\n`{path}`\n\n"
              f"````{LANGUAGES[file.suffix]}\n{text}\n````\n")

    config = SOURCE / "mkdocs.yml"
    config.write_text(json.dumps(configuration(navigation(pages)), indent=1, ensure_ascii=False), encoding="utf-8")
    build(load_config(str(config)))


main()

"""What translate.py must find, and what it brings over. python3 environment/test_translate.py"""

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

import translate

ENGLISH = "After 24 steps 83 % end, see [figure](figures/a.svg) and [words](glossary.md); `steps` says how many."
CHINESE = "有 83% 自己结束，那是 24 步之后，见[图](../figures/a.svg)和[术语表](glossary.md)；步数由 `steps` 决定。"


class TranslateTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(setattr, translate, "ROOT", translate.ROOT)
        translate.ROOT = self.root = Path(folder.name)
        (self.root / "notebooks/zh").mkdir(parents=True)
        for english, chinese in translate.PAGES.items():
            (self.root / english).write_text("# Words\n\nText.\n\n## Part 1\n\nMore.\n", encoding="utf-8")
            (self.root / chinese).write_text("# 术语\n\n正文。\n\n## 第 1 节\n\n还有。\n", encoding="utf-8")
        self.write(ENGLISH)
        self.run_it("sync")
        self.translate(CHINESE)
        for name in ("README", "glossary", "from-python", "01"):
            self.found = self.run_it("accept", name)

    def write(self, prose, code="int a = 1;", output="1"):
        cells = [{"cell_type": "markdown", "id": "m1", "metadata": {}, "source": [prose]},
                 {"cell_type": "code", "id": "c1", "metadata": {}, "source": [code], "outputs": [output]}]
        (self.root / "notebooks/01-a.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")

    def cells(self):
        return json.loads((self.root / "notebooks/zh/01-a.ipynb").read_text(encoding="utf-8"))["cells"]

    def translate(self, prose):
        cells = self.cells()
        cells[0]["source"] = [prose]
        (self.root / "notebooks/zh/01-a.ipynb").write_text(
            json.dumps({"cells": cells}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def run_it(self, *arguments):
        with contextlib.redirect_stderr(io.StringIO()) as errors, contextlib.redirect_stdout(io.StringIO()):
            self.status = translate.main(list(arguments))
        return errors.getvalue().strip()

    def test_a_whole_translation_passes(self):
        self.assertEqual(("", 0), (self.found, self.status))

    def test_what_is_not_translated_is_named(self):
        self.translate(ENGLISH)
        self.assertIn("notebooks/zh/01-a.ipynb, m1: not translated yet", self.run_it())
        self.assertEqual(1, self.status)

    def test_new_code_and_outputs_are_found_and_brought_over(self):
        self.write(ENGLISH, "int a = 2;", "2")
        self.assertIn("run environment/translate.py sync", self.run_it())
        self.assertEqual("", self.run_it("sync"))
        self.assertEqual((["int a = 2;"], ["2"]), (self.cells()[1]["source"], self.cells()[1]["outputs"]))

    def test_a_renewed_figure_is_found_and_brought_to_its_place(self):
        self.write(ENGLISH.replace("24", "48").replace("83", "9.5"))
        self.assertIn("its figures are 83, 24; the English ones 48, 9.5", self.run_it())
        self.assertEqual("", self.run_it("sync"))
        self.assertEqual(CHINESE.replace("24", "48").replace("83", "9.5"), self.cells()[0]["source"][0])

    def test_a_changed_sentence_is_found_until_it_is_accepted(self):
        self.write(ENGLISH.replace("end", "stop"))
        self.assertIn("m1: the English text has changed", self.run_it("sync"))
        self.assertEqual("", self.run_it("accept", "01", "m1"))

    def test_what_has_other_figures_is_not_accepted_and_stays_as_it_is(self):
        self.write(ENGLISH.replace("24", "30").replace("After", "Once again after"))
        before = self.cells()[0]["source"]
        self.assertIn("(figures: 83, 24; 30, 83)", self.run_it("accept", "01"))
        self.assertEqual(before, self.cells()[0]["source"])

    def test_a_false_figure_a_lost_link_and_other_code_are_found(self):
        self.translate(CHINESE.replace("83", "38"))
        self.assertIn("its figures", self.run_it())
        self.translate(CHINESE.replace("../figures", "figures"))
        self.assertIn("links differ: notebooks/figures/a.svg, notebooks/zh/figures/a.svg", self.run_it())
        self.translate(CHINESE.replace("`steps`", "`rows`"))
        self.assertIn("code differs: `rows`, `steps`", self.run_it())

    def test_a_page_and_a_notebook_that_are_missing_are_found(self):
        (self.root / "README.zh.md").unlink()
        (self.root / "notebooks/zh/01-a.ipynb").rename(self.root / "notebooks/zh/02-b.ipynb")
        found = self.run_it()
        self.assertIn("README.zh.md is missing", found)
        self.assertIn("notebooks/zh/01-a.ipynb is missing", found)
        self.assertIn("notebooks/zh/02-b.ipynb has no English notebook", found)

    def test_a_new_section_of_a_page_is_found(self):
        with open(self.root / "notebooks/glossary.md", "a", encoding="utf-8") as page:
            page.write("\n## Part 2\n\nNew.\n")
        self.assertIn("notebooks/zh/glossary.md, section 3: not translated yet", self.run_it())


if __name__ == "__main__":
    unittest.main()

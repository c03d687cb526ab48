"""Checks that environment/doctor says what a bug report needs, before anything is installed and afterwards.

Started by environment/test; needs Python alone.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = ["Coldstart", "System", "Processor", "CPU flags", "Cores", "Memory", "Disk", "Java", "Python", "Maven",
         "JupyterLab", "JJava", "Kernel", "Model", "libtorch", "Settings"]


class DoctorTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name) / "a checkout"
        shutil.copytree(ROOT / "environment", self.root / "environment")

    def doctor(self, **environment: str) -> dict[str, str]:
        """The lines of a doctor in a checkout without git; every one has a name and says something."""
        result = subprocess.run([self.root / "environment" / "doctor"], env=environment, text=True, capture_output=True)
        self.assertEqual((0, ""), (result.returncode, result.stderr))
        lines = dict(re.fullmatch(r"([^:]+): +(\S.*)", line).groups() for line in result.stdout.splitlines())
        self.assertEqual(sorted(NAMES), sorted(lines))
        return lines

    def bare_tools(self) -> str:
        """A PATH with what every Unix has, and neither Java nor Maven nor Python nor git."""
        folder = self.root / "bin"
        folder.mkdir()
        for tool in ("bash", "env", "uname", "sed", "awk", "grep", "head", "tr", "find", "ls", "df", "cat", "dirname",
                     "basename", "readlink", "getconf", "wc"):
            (folder / tool).symlink_to(shutil.which(tool))
        return str(folder)

    def test_before_anything_is_installed(self):
        lines = self.doctor(PATH=self.bare_tools())
        self.assertIn("missing", lines["Python"])
        for name in ("Maven", "JupyterLab", "JJava", "Kernel", "Model"):
            self.assertEqual("not installed yet", lines[name])
        self.assertEqual("no git checkout", lines["Coldstart"])

    def test_the_machine(self):
        lines = self.doctor(PATH=os.environ["PATH"], COLDSTART_STEPS="3")
        self.assertEqual(str(os.cpu_count()), lines["Cores"])
        self.assertRegex(lines["Memory"], r"^\d+\.\d GB")
        self.assertRegex(lines["Disk"], r"^\d+ GB free$")
        self.assertRegex(lines["Python"], r"^Python 3\.\d+")
        self.assertIn("COLDSTART_STEPS=3", lines["Settings"])

    def test_a_kernel_by_what_it_names(self):
        spec = self.root / ".venv" / "share" / "jupyter" / "kernels" / "java" / "kernel.json"
        spec.parent.mkdir(parents=True)
        jar = self.root / "target" / "coldstart.jar"
        spec.write_text('{"argv": [\n "/gone/bin/java",\n "-jar"], "env": {"JJAVA_CLASSPATH": "/elsewhere/target/coldstart.jar"}}')
        self.assertIn("for another folder", self.doctor(PATH=os.environ["PATH"])["Kernel"])
        spec.write_text(spec.read_text().replace("/elsewhere", str(self.root)))
        self.assertIn("its Java is gone: /gone/bin/java", self.doctor(PATH=os.environ["PATH"])["Kernel"])
        java = self.root / "jdk" / "bin" / "java"
        java.parent.mkdir(parents=True)
        java.touch(mode=0o755)
        spec.write_text(spec.read_text().replace("/gone/bin/java", str(java)))
        self.assertIn("target/coldstart.jar is missing", self.doctor(PATH=os.environ["PATH"])["Kernel"])
        jar.parent.mkdir()
        jar.touch()
        self.assertEqual(f"Java (Coldstart), with {java}", self.doctor(PATH=os.environ["PATH"])["Kernel"])

    def test_the_model(self):
        file = self.root / ".venv" / "lib" / "python3" / "SmolLM2-135M-Instruct.Q4_1.gguf"
        file.parent.mkdir(parents=True)
        file.write_bytes(b"GGUF")
        self.assertEqual("SmolLM2-135M-Instruct, 4 bytes", self.doctor(PATH=os.environ["PATH"])["Model"])


if __name__ == "__main__":
    unittest.main()

"""Builds environment/Dockerfile and runs a notebook in it where Docker runs; elsewhere replays its steps, on CI machines.

Started by environment/test. Without Docker, what the Dockerfile copies is copied to a new folder, and the commands of its
RUN lines that are ours are run there; the packages of its base image are not looked at.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = ROOT / "environment" / "Dockerfile"
HAS_DOCKER = shutil.which("docker") is not None and subprocess.run(["docker", "info"], capture_output=True).returncode == 0


def instructions(name: str) -> list[str]:
    """What the Dockerfile's instructions of a name say, continued lines joined."""
    text = DOCKERFILE.read_text(encoding="utf-8").replace("\\\n", " ")
    return re.findall(rf"^{name} (.+)$", text, re.M)


class ContainerTest(unittest.TestCase):

    @unittest.skipUnless(HAS_DOCKER, "no Docker runs here: the image is not built, its steps are replayed")
    def test_the_image_runs_a_notebook(self):
        subprocess.run(["docker", "build", "-t", "coldstart-test", "-f", DOCKERFILE, "."], cwd=ROOT, check=True)
        subprocess.run(["docker", "run", "--rm", "coldstart-test", "environment/run", "01"], check=True)

    @unittest.skipIf(HAS_DOCKER, "the image itself is built and run")
    @unittest.skipUnless(os.environ.get("CI") == "true", "CI machines only (CI=true): it installs everything anew")
    def test_the_steps_of_the_image(self):
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "coldstart"
            left_out = DOCKERFILE.with_name("Dockerfile.dockerignore").read_text(encoding="utf-8").split()
            shutil.copytree(ROOT, copy, ignore=lambda at, names: left_out if Path(at) == ROOT else [])
            ours = [run for run in instructions("RUN") if "environment/" in run]
            self.assertTrue(ours)
            for run in ours:
                subprocess.run(run, shell=True, cwd=copy, check=True)
            command = json.loads(instructions("CMD")[0])
            self.assertTrue(os.access(copy / command[0], os.X_OK), command)
            subprocess.run(["environment/run", "01"], cwd=copy, check=True)

    def test_the_dev_container_does_the_same(self):
        text = (ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8")
        config = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.M))
        self.assertEqual(DOCKERFILE, (ROOT / ".devcontainer" / config["build"]["dockerfile"]).resolve())
        self.assertIn(config["build"]["target"], DOCKERFILE.read_text(encoding="utf-8"))
        self.assertIn(config["remoteUser"], instructions("USER"))
        self.assertEqual(config["onCreateCommand"], shlex.split(instructions("RUN")[-1]))


if __name__ == "__main__":
    unittest.main()

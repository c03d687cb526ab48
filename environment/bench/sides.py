"""How each side is started: one process for one piece of work, with the same threads, ended when it takes too much memory."""

import functools
import json
import os
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PACKAGES = ["torch", "transformers", "trl", "datasets", "accelerate", "bitsandbytes", "xllamacpp"]


class Sides:
    def __init__(self, work, threads, max_gib):
        self.work = work
        self.max_bytes = max_gib * 2**30
        self.python_bin = os.environ["BENCH_PYTHON"]
        self.environment = os.environ | {
            "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1",
            "HF_HOME": str(work / "hf"), "PYTHONWARNINGS": "ignore",
        }

    def ours(self, *command, name):
        java = Path(os.environ.get("JAVA_HOME", "/usr")) / "bin/java"
        classpath = f"{ROOT}/target/classes:{ROOT}/target/lib/*"
        # A small heap to begin with: the JVM would take a 64th of the machine's memory before it first tidies up.
        start = [java, "-Xms64m", "-Xmx1g", "-XX:+UseSerialGC", "-Dai.djl.offline=true", "-cp", classpath, "org.coldstart.tools.bench.Bench"]
        return self.process([*start, *command], name, out=command[0] != "model")

    def theirs(self, script, *command, name):
        return self.process([self.python_bin, HERE / script, *command], name, out=True)

    def python(self, script, *command, name):
        return self.process([self.python_bin, HERE / script, *command], name, out=False)

    def process(self, command, name, out):
        """Runs to the end; returns the figures the process wrote, or {"failed": why}."""
        figures = self.work / f"{name}.json"
        figures.unlink(missing_ok=True)
        command = [str(part) for part in command] + (["--out", str(figures)] if out else [])
        log = self.work / f"{name}.log"
        with log.open("w") as text:
            environment = self.environment | {"BENCH_STARTED": repr(time.time())}
            # Elsewhere than the checkout: trainers write folders of their own.
            process = subprocess.Popen(command, stdout=text, stderr=subprocess.STDOUT, env=environment, cwd=self.work)
            try:
                # Where memory runs out all the same, the kernel is to end this process before any other.
                Path(f"/proc/{process.pid}/oom_score_adj").write_text("900")
                too_much = self.watch(process)
            finally:
                process.kill()
        if process.returncode == 0:
            return json.loads(figures.read_text()) if out else {}
        reason = f"stopped at {too_much / 2**30:.1f} GiB" if too_much else failure(process.returncode, log)
        if not out:
            raise SystemExit(f"{name} failed: {reason}")
        return {"failed": reason}

    def watch(self, process):
        """Waits; ends the process when it takes more than allowed, and returns how much that was."""
        while process.poll() is None:
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
            except OSError:
                continue
            resident = int(status.split("VmRSS:")[1].split()[0]) * 1024 if "VmRSS:" in status else 0
            if resident > self.max_bytes:
                process.kill()
                process.wait()
                return resident
            time.sleep(0.2)
        return 0

    def load(self):
        """environment/bench/load prints a table of its own."""
        environment = self.environment | {"COLDSTART_PYTHON": self.python_bin}
        subprocess.run([HERE / "load"], env=environment, check=True)

    @functools.cache
    def versions(self):
        code = ("import sys, json; from importlib.metadata import version; "
                f"print(json.dumps({{'python': sys.version.split()[0]}} | {{p: version(p) for p in {PACKAGES}}}))")
        python = json.loads(subprocess.run([self.python_bin, "-c", code], capture_output=True, text=True, check=True).stdout)
        java = Path(os.environ.get("JAVA_HOME", "/usr")) / "bin/java"
        text = subprocess.run([java, "-version"], capture_output=True, text=True, check=True).stderr
        libtorch = next((ROOT / "target/lib").glob("pytorch-native-cpu-*.jar"), Path("pytorch-native-cpu-?-?.jar"))
        return {"java": text.splitlines()[0], "libtorch": libtorch.name.split("-")[3]} | python


def failure(code, log):
    """The last line of what the process said, or that the kernel ended it."""
    if code == -9:
        return "killed by the system (out of memory)"
    if code < 0:
        return f"ended by signal {-code}"
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    telling = [line for line in lines if "Exception" in line or "Error" in line]
    return (telling or lines or [f"exit status {code}"])[-1][:200]

"""What the bench runs on."""

import datetime
import os
import platform
import re
import subprocess
from pathlib import Path


def cpuinfo(key):
    """The first value of a key of /proc/cpuinfo; empty where there is none."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.split(":")[0].strip() == key), "")


def cores():
    """Physical cores this process may use: hardware threads of one core count once."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count())
    groups = {Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list") for cpu in allowed}
    return len({file.read_text() if file.exists() else file for file in groups})


def fastest():
    """BF16 where the processor multiplies it in hardware, as org.coldstart.model.Precision.fastest() has it."""
    flags = set((cpuinfo("flags") or cpuinfo("Features")).split())
    return "BF16" if flags & {"avx512_bf16", "amx_bf16", "bf16"} else "F32"


def memory_gib():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def instructions():
    flags = set(cpuinfo("flags").split())
    return [name for name in ("amx_bf16", "avx512_bf16", "avx512f", "avx2") if name in flags][:2]


def folder():
    """A name for the machine, that of its folder of results."""
    name = f"{cpuinfo('model name') or platform.machine()} {' '.join(instructions()[:1])} {cores()} cores"
    return re.sub(r"\((r|tm)\)|cpu @.*ghz|[^a-z0-9_]+", "-", name.lower()).replace("--", "-").strip("-")


def git_commit(root):
    result = subprocess.run(["git", "-C", root, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return result.stdout.strip()


def describe(versions, commit):
    return {
        "cpu": cpuinfo("model name") or platform.processor() or platform.machine(),
        "instructions": instructions(),
        "cores": cores(),
        "memory_gib": round(memory_gib(), 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "date": datetime.date.today().isoformat(),
        "commit": commit,
        "versions": versions,
    }

"""Turns the kernelspec `java` that the jjava wheel installed into ours, and sets JupyterLab up: kernelspec.py ROOT VENV JAVA_HOME

The java command stands here in full, without JJava's launcher: that one starts whatever `java` is first on the PATH and
splits its options at spaces. The paths are in environment variables and in single arguments, so spaces in them are safe.
The script in front of it only chooses the folder.
"""

import json
import os
import sys
from pathlib import Path

root, venv, java_home = map(Path, sys.argv[1:4])
spec = {
    "argv": [
        str(root / "environment" / "lib" / "kernel"), str(java_home / "bin" / "java"),
        "-Xmx4g",
        # DJL loads libtorch and protobuf uses sun.misc.Unsafe: newer JDKs warn unless told so, older ones know no such option.
        "-XX:+IgnoreUnrecognizedVMOptions", "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
        "-Djava.awt.headless=true",
        "-Duser.language=en",  # String.format writes 0.5 everywhere, not 0,5
        "-Dai.djl.offline=true",
        f"-Djava.util.logging.config.file={root / 'environment' / 'lib' / 'logging.properties'}",
        "--add-opens", "jdk.jshell/jdk.jshell=ALL-UNNAMED",
        "-jar", "{resource_dir}/jjava.jar",
        "{connection_file}",
    ],
    "display_name": "Java (Coldstart)",
    "language": "java",
    "interrupt_mode": "message",
    "env": {
        "JJAVA_CLASSPATH": os.pathsep.join([str(root / "target" / "coldstart.jar"), str(root / "target" / "lib" / "*.jar")]),
        "COLDSTART_GGUF": os.environ.get("COLDSTART_GGUF", ""),
        "DJL_CACHE_DIR": str(root / ".tools" / "djl"),
        "OPT_OUT_TRACKING": "true",
    },
    "metadata": {"debugger": False},
}
target = venv / "share" / "jupyter" / "kernels" / "java" / "kernel.json"
target.write_text(json.dumps(spec, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

# JupyterLab shows a Markdown file that a notebook links to, as the glossary, instead of opening its source.
settings = venv / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
settings.parent.mkdir(parents=True, exist_ok=True)
viewers = {"@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"markdown": "Markdown Preview"}}}
settings.write_text(json.dumps(viewers, indent=2) + "\n", encoding="utf-8")

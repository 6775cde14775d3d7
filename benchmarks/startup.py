"""How soon the program answers and how large the core is once installed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from benchmarks._machine import row, save
from benchmarks._measure import ROOT, interleaved

ROUNDS = 15
GOAL_HELP, GOAL_IMPORT, GOAL_MB = 0.5, 0.3, 300.0


def run(*command: str) -> None:
    """A command that must succeed, its output thrown away."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)


def installed_mb() -> float:
    """Size of a fresh environment with the core and nothing else, as du counts it."""
    uv = str(Path(sys.executable).with_name("uv"))
    with tempfile.TemporaryDirectory() as folder:
        run(uv, "venv", "--quiet", "--python", sys.executable, f"{folder}/venv")
        python = f"{folder}/venv/bin/python"
        copied = ("--link-mode", "copy")
        run(uv, "pip", "install", "--quiet", *copied, "--python", python, "-c", "constraints.txt", ".")
        run(f"{folder}/venv/bin/perturbome", "--help")
        used = subprocess.run(["du", "-sk", f"{folder}/venv"], check=True, capture_output=True, text=True).stdout
    return int(used.split()[0]) / 1024


def downloaded_mb() -> float:
    """Size of the wheels of the core, as the registry sends them."""
    with tempfile.TemporaryDirectory() as folder:
        run(sys.executable, "-m", "pip", "download", "--quiet", "-c", "constraints.txt", "-d", folder, ".")
        return sum(file.stat().st_size for file in Path(folder).iterdir()) / 2**20


def main() -> None:
    program = str(Path(sys.executable).with_name("perturbome"))
    seconds = interleaved(
        {
            "help": lambda: run(program, "--help"),
            "import": lambda: run(sys.executable, "-c", "import perturbome.platform"),
            "python": lambda: run(sys.executable, "-c", "pass"),
        },
        ROUNDS,
    )
    helped, imported, bare = (float(np.median(seconds[name])) for name in ("help", "import", "python"))
    size, download = installed_mb(), downloaded_mb()
    rows = [
        row(
            "perturbome --help", f"{helped:.2f} s", f"{GOAL_HELP} s", helped < GOAL_HELP, f"{bare:.2f} s, Python alone"
        ),
        row(
            "import perturbome.platform", f"{imported - bare:.3f} s", f"{GOAL_IMPORT} s", imported - bare < GOAL_IMPORT
        ),
        row("core, downloaded", f"{download:,.0f} MB"),
        row("core, installed", f"{size:,.0f} MB", f"{GOAL_MB:,.0f} MB", size < GOAL_MB),
    ]
    save(
        "startup",
        {
            "help_s": helped,
            "import_s": imported - bare,
            "python_s": bare,
            "core_mb": size,
            "download_mb": download,
            "rows": rows,
        },
    )


if __name__ == "__main__":
    main()

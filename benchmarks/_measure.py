"""Measuring two ways side by side, and a whole process with its peak memory."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]


def interleaved(ways: Mapping[str, Callable[[], object]], rounds: int, warm: int = 1) -> dict[str, np.ndarray]:
    """Seconds [rounds] of each way, run A B A B, so that a slow moment of the machine hits all of them."""
    for _ in range(warm):
        for way in ways.values():
            way()
    seconds = {name: np.empty(rounds) for name in ways}
    for i in range(rounds):
        for name, way in ways.items():
            gc.collect()
            begin = time.perf_counter()
            result = way()
            seconds[name][i] = time.perf_counter() - begin
            del result
    return seconds


def speed_ratio(ours: np.ndarray, rival: np.ndarray) -> dict[str, float]:
    """Our speed over the rival's, round by round: 1 is as fast, 0.5 takes twice as long."""
    low, middle, high = np.quantile(rival / ours, [0.25, 0.5, 0.75])
    return {"median": middle, "q25": low, "q75": high}


def told(ratio: Mapping[str, float]) -> str:
    """A ratio with its quartiles, for the table."""
    return f"{ratio['median']:.2f} ({ratio['q25']:.2f} to {ratio['q75']:.2f})"


def median_ms(seconds: np.ndarray) -> str:
    """A median in milliseconds, for the table."""
    return f"{np.median(seconds) * 1000:.1f} ms"


def part(module: str, name: str, *arguments: object) -> dict[str, Any]:
    """Run `python -m benchmarks.<module> <name> <arguments>`; its last line as JSON, and its wall time in seconds."""
    command = [sys.executable, "-m", f"benchmarks.{module}", name, *map(str, arguments)]
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    seconds = time.perf_counter() - begin
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return {"seconds": seconds, **json.loads(done.stdout.splitlines()[-1])}


def answer(**found: object) -> None:
    """What a part says to `part`: one line of JSON with the peak memory of its process in MB."""
    print(json.dumps({**found, "peak_mb": peak_mb()}, default=float))


def peak_mb() -> float:
    """Highest resident memory of this process so far; counted from its own start, unlike ru_maxrss, which a child
    inherits from the parent it was forked off."""
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) / 1024

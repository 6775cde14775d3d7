"""The machine a number was measured on, and where numbers are kept."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
LIBRARIES = ("perturbome", "numpy", "polars", "pyarrow", "deltalake", "ladybug", "neo4j", "anndata", "h5py", "torch")


def machine() -> dict[str, Any]:
    """Processor, cores, memory, Python and the versions of the libraries that matter."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "libraries": {name: found for name in LIBRARIES if (found := _version(name))},
        "load_before": round(os.getloadavg()[0], 2),
    }


def row(
    what: str, ours: str, goal: str = "", reached: bool | None = None, rival: str = "", ratio: str = ""
) -> dict[str, Any]:
    """One line of the README's table; `reached` is None where there is no goal."""
    return {"what": what, "ours": ours, "rival": rival, "ratio": ratio, "goal": goal, "reached": reached}


def save(name: str, results: dict[str, Any]) -> Path:
    """Write results/<name>.json with the machine and the date; `results["rows"]` enter the README's table."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    told = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine(), **results}
    path.write_text(json.dumps(told, indent=2, default=float) + "\n")
    print(f"\n{path}")
    for line in results.get("rows", []):
        print("  " + " | ".join(f"{key} {value}" for key, value in line.items() if value != ""))
    return path


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = [line for line in info.read_text().splitlines() if line.startswith("model name")] if info.exists() else []
    return names[0].split(":", 1)[1].strip() if names else platform.processor()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None

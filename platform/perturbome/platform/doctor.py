"""What is installed, which engine answers, whether the store is healthy, and what to do if not."""

from __future__ import annotations

import importlib.util
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from perturbome.platform.errors import GraphLoginRefused, GraphUnreachable, PerturbomeError, UnreadableFile
from perturbome.platform.lake.lake import Lake
from perturbome.platform.store import Store

CORE = ("numpy", "scipy", "polars", "pyarrow", "deltalake", "anndata", "ladybug", "neo4j")
OPTIONAL = {
    "torch": "models",
    "torch-geometric": "models",
    "scanpy": "models",
    "networkx": "models",
    "streamlit": "app",
    "st-link-analysis": "app",
    "dgl": "dgl",
    "flash-attn": "flash",
    "dagster": "jobs",
    "cell-eval2": "bench",
}
LITTLE_SPACE = 2 << 30


@dataclass(frozen=True)
class Finding:
    """One thing looked at: its state, what was found, and how to mend it if it is wrong."""

    what: str
    state: Literal["ok", "note", "wrong"]
    found: str
    mend: str = ""


def examine(path: str | None) -> list[Finding]:
    """Look at the installation, then at the store; nothing is written."""
    return [*_installation(), *_store(path)]


def _installation() -> Iterator[Finding]:
    from perturbome.platform.lake.provenance import code_version

    yield Finding("perturbome", "ok", f"{code_version()}, Python {platform.python_version()} on {platform.platform()}")
    versions = {name: _version(name) for name in (*CORE, *OPTIONAL)}
    missing = [name for name in CORE if versions[name] is None]
    yield Finding(
        "core",
        "wrong" if missing else "ok",
        ", ".join(f"{n} {versions[n] or 'MISSING'}" for n in CORE),
        f"Install {', '.join(missing)}: uv pip install -c constraints.txt -e ." if missing else "",
    )
    here = [f"{n} {versions[n]}" for n in OPTIONAL if versions[n]]
    absent = [f"{n} (perturbome[{extra}])" for n, extra in OPTIONAL.items() if not versions[n]]
    yield Finding(
        "extras", "note" if absent else "ok", f"{', '.join(here) or 'none'}; absent: {', '.join(absent) or 'none'}"
    )
    yield _gpu()


def _gpu() -> Finding:
    if importlib.util.find_spec("torch") is None:
        return Finding("GPU", "note", "not looked for: torch is not installed")
    import torch

    if torch.cuda.is_available():
        return Finding("GPU", "ok", torch.cuda.get_device_name())
    return Finding("GPU", "note", "none; models run on the CPU")


def _store(path: str | None) -> Iterator[Finding]:
    try:
        store = Store(path, read_only=True)
    except PerturbomeError as error:
        yield Finding("store", "wrong", str(error))
        return
    if not (store.path / "store.json").exists():
        yield Finding("store", "note", f"none yet at {store.path}", "perturbome ingest experiment FILE makes it.")
        return
    free = shutil.disk_usage(store.path).free
    yield Finding(
        "disk",
        "wrong" if free < LITTLE_SPACE else "ok",
        f"{free / 2**30:.1f} GiB free at {store.path}",
        "Free some space: a projection needs about the size of the graph." if free < LITTLE_SPACE else "",
    )
    with store:
        yield from _lake(store.lake)
        yield from _graph(store)


def _lake(lake: Lake) -> Iterator[Finding]:
    try:
        runs = lake.all_runs()
        rows = {name: _readable(lake, name) for name in lake.versions()}
    except Exception as error:
        yield Finding(
            "lake",
            "wrong",
            f"cannot be read: {error}",
            f"Restore {lake.folder} from a backup; every table has its history in _delta_log.",
        )
        return
    complete = sum(run.status == "complete" for run in runs)
    counts = ", ".join(f"{name} {count:,}" for name, count in rows.items() if name != "runs")
    yield Finding("lake", "ok", f"{complete} complete runs; rows: {counts or 'none'}")
    unfinished = [run.id for run in runs if run.status == "running"]
    if unfinished:
        yield Finding(
            "unfinished runs", "note", ", ".join(unfinished), "Running now, or swept by the next command that writes."
        )


def _readable(lake: Lake, table: str) -> int:
    """Rows of a table, counted from its files; UnreadableFile where a file is missing or damaged."""
    import pyarrow.parquet as pq

    rows = 0
    for file in lake.files(table):
        try:
            rows += pq.read_metadata(file).num_rows
        except Exception as error:
            raise UnreadableFile(f"{file}: {error}") from error
    return rows


def _graph(store: Store) -> Iterator[Finding]:
    from perturbome.platform.graph import sync

    try:
        found = store.graph.check()
        status = sync.status(store.lake, store.graph)
    except (GraphUnreachable, GraphLoginRefused) as error:  # these say themselves what to do
        yield Finding("graph", "wrong", str(error))
        return
    except PerturbomeError as error:
        yield Finding(
            "graph", "wrong", str(error), "The lake is the truth: perturbome graph rebuild makes the graph anew."
        )
        return
    yield Finding("graph", "ok", ", ".join(f"{key} {value}" for key, value in found.items()))
    if status["behind"]:
        yield Finding(
            "graph in step",
            "wrong",
            f"{len(status['behind'])} complete runs are not in the graph",
            "The next query mends it, or: perturbome graph rebuild.",
        )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None

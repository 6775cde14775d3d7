"""One entry for every file format: which reader opens it, by what the path is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from perturbome.ingest.experiment.source import Source
from perturbome.platform.errors import UnreadableFile


@dataclass(frozen=True)
class Reader:
    """A format: the endings it goes by, what it is, and the function that opens it."""

    name: str
    endings: tuple[str, ...]
    title: str
    read: Callable[[Path, bool | None], Source]


def _h5ad(path: Path, transpose: bool | None) -> Source:
    from perturbome.ingest.experiment.h5ad import read_h5ad

    return read_h5ad(path)


def _tenx_h5(path: Path, transpose: bool | None) -> Source:
    from perturbome.ingest.experiment.tenx import read_tenx_h5

    return read_tenx_h5(path)


def _tenx_mtx(path: Path, transpose: bool | None) -> Source:
    from perturbome.ingest.experiment.tenx import read_tenx_mtx

    return read_tenx_mtx(path)


def _loom(path: Path, transpose: bool | None) -> Source:
    from perturbome.ingest.experiment.loom import read_loom

    return read_loom(path)


def _text(path: Path, transpose: bool | None) -> Source:
    from perturbome.ingest.experiment.delimited import read_delimited

    return read_delimited(path, transpose)


READERS: tuple[Reader, ...] = (
    Reader("h5ad", (".h5ad",), "AnnData", _h5ad),
    Reader("10x h5", (".h5", ".hdf5"), "10x Cell Ranger HDF5", _tenx_h5),
    Reader("loom", (".loom",), "loom", _loom),
    Reader("text", (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz"), "text matrix", _text),
    Reader("10x mtx", (".mtx", ".mtx.gz"), "10x folder, or its matrix.mtx", _tenx_mtx),
)


def open_source(path: Path, transpose: bool | None = None) -> Source:
    """Open an experiment. `transpose` is for text: True if rows are genes, False if rows are cells.

    Raises UnreadableFile for a path that is absent or of no known format.
    """
    if not path.exists():
        near = [p.name for p in path.parent.glob("*")][:200] if path.parent.is_dir() else []
        from perturbome.platform.errors import did_you_mean

        raise UnreadableFile(f"{path} does not exist.{did_you_mean(path.name, near)} Check the path.")
    if path.is_dir():
        return _tenx_mtx(path, transpose)
    name = path.name.casefold()
    for reader in READERS:
        if name.endswith(reader.endings):
            return reader.read(path, transpose)
    known = "; ".join(f"{', '.join(r.endings)} ({r.title})" for r in READERS)
    raise UnreadableFile(f"{path.name}: unknown kind of file '{path.suffix or 'no ending'}'. Known: {known}.")

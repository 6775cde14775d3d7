"""Export: choose, write beside the goal, put in its place at once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from perturbome.platform.errors import DiskFull, InputError, UnknownName
from perturbome.platform.exports import annotated, flat, networks, select
from perturbome.platform.exports.record import Exported, Exporter, Shape
from perturbome.platform.lake.disk import is_disk_full

if TYPE_CHECKING:
    from perturbome.platform.store import Store

EXPORTERS: dict[str, Exporter] = {
    e.name: e for e in (*networks.EXPORTERS, *flat.EXPORTERS, *annotated.EXPORTERS)
}  # fmt: skip


def export(
    store: Store, what: str, path: str | Path, *, format: str | None = None, force: bool = False, **selection: Any
) -> Exported:
    """Write regulation, priors, a data set or any table of the lake to a file other tools read.

    `what`: a table ('regulation', 'priors', 'effects', 'targets', ...) or a data set's name. `format` is taken from
    the ending of `path` unless given. Selection: run, dataset, cell_type, time, prior, perturbation, context, ... by
    equality, min_weight, min_score, min_stability, and top (the strongest rows). The file appears whole or not at all.

    Raises:
        InputError: the file exists (pass force=True), the folder does not, or the format cannot hold this.
        UnknownName: no such table, data set, run or format. NothingFound: nothing meets the selection.
    """
    path = Path(path).expanduser()
    shape = cast(Shape, select.shape_of(store, what))
    exporter = chosen(path, format, shape, what)
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file in it, as {path / (what + exporter.endings[0])}.")
    if path.exists() and not force:
        raise InputError(f"{path} exists already. Pass force=True (--force) to overwrite it, or another name.")
    content = {"network": select.network, "table": select.table, "dataset": select.dataset}[shape](
        store, what, selection
    )
    with replacing(path) as unfinished:
        rows = getattr(exporter, shape)(content, unfinished)
    given = {key: value for key, value in selection.items() if value is not None}
    return Exported(path, exporter.name, what, rows, given, _said(content, shape))


def chosen(path: Path, format: str | None, shape: Shape, what: str) -> Exporter:
    """The exporter asked for, else the one whose ending the path has.

    Raises:
        UnknownName: no such format. InputError: an ending that says nothing, or a format that cannot hold this.
    """
    fitting = [e for e in EXPORTERS.values() if e.takes(shape)]
    listing = ", ".join(f"{e.name} ({e.endings[0]})" for e in fitting)
    if format is not None:
        if format not in EXPORTERS:
            raise UnknownName("export format", format, "the registry", list(EXPORTERS), f"For '{what}': {listing}.")
        exporter = EXPORTERS[format]
    else:
        name = path.name.casefold()
        ending = max((g for e in EXPORTERS.values() for g in e.endings if name.endswith(g)), key=len, default=None)
        if ending is None:
            raise InputError(f"The ending of {path.name} names no format. For '{what}' there are: {listing}.")
        exporter = next(e for e in EXPORTERS.values() if ending in e.endings)
    if not exporter.takes(shape):
        raise InputError(f"{exporter.name} cannot hold '{what}', which is a {shape}. Formats that can: {listing}.")
    return exporter


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to; it takes the place of `path` at once, or disappears if writing fails.

    Raises:
        InputError: the folder does not exist or cannot be written to. DiskFull: no space is left.
    """
    if not path.parent.is_dir():
        raise InputError(f"There is no folder {path.parent}. Make it first, or write elsewhere.")
    unfinished = path.with_name(f".{uuid.uuid4().hex[:8]}.unfinished.{path.name}")
    try:
        yield unfinished
        unfinished.replace(path)
    except PermissionError:
        raise InputError(f"{path.parent} cannot be written to. Choose another folder.") from None
    except Exception as failure:
        if is_disk_full(failure):
            raise DiskFull(
                f"No space left on the device that holds {path.parent}; {path.name} was not written."
            ) from None
        raise
    finally:
        unfinished.unlink(missing_ok=True)


def _said(content: Any, shape: Shape) -> list[str]:
    """What a reader of the file should know."""
    if shape != "network":
        return []
    runs = content.edges["run"].n_unique()
    said = [f"{content.nodes.height:,} genes, {content.edges.height:,} edges"]
    if runs > 1:
        said.append(f"the edges come from {runs} runs; choose one with run= (--run)")
    return said

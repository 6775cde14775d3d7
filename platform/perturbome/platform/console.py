"""What every command shares: options, tables, messages, a progress bar. Answers go to stdout, the rest to stderr."""

from __future__ import annotations

import json as json_module
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from perturbome.platform.progress import Report

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

console = Console()
messages = Console(stderr=True)

_RUN = re.compile(r"[0-9]{8}T[0-9]{9}-[0-9a-f]{6}")
"""Id of a run."""
_SHORT = 10
"""Words up to so many letters are not broken where a column can be spared instead."""

StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store", help="Folder of the store, or the address of a graph server.", show_default="perturbome-store"
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a script to read.")]


def say(text: str) -> None:
    """Print one line of explanation to stderr."""
    messages.print(text, highlight=False, soft_wrap=True, markup=False)


def show_json(value: Any) -> None:
    """Print a value as JSON to stdout; dates become ISO text."""
    print(json_module.dumps(value, indent=2, default=str, ensure_ascii=False))


def show_table(
    table: pa.Table | pl.DataFrame, title: str | None = None, *, json: bool = False, most: int | None = None,
    spare: Sequence[str] = (),
) -> None:  # fmt: skip
    """Print a table: as JSON rows, or ruled for a reader, with at most `most` rows and a line that says so.

    Ids of runs stay whole, whatever the width, so that they can be copied. `spare` columns are left out, the first
    one first and with a line that says so, where words of the headers would have to be broken.
    """
    rows = _rows(table)
    if json:
        show_json(rows)
        return
    from rich.table import Table

    names = [str(name) for name in getattr(table, "column_names", None) or table.columns]
    cells = {name: [_cell(row[name]) for row in rows[:most]] for name in names}
    needed = {name: _needed(name, of) for name, of in cells.items()}
    gone = _spared(needed, spare, console.width)
    fits = _wide({name: needed[name] for name in names if name not in gone}) <= console.width
    ruled = Table(title=title, title_justify="left", header_style="bold")
    for name in (shown := [name for name in names if name not in gone]):
        number = bool(rows) and all(isinstance(row[name], int | float | None) for row in rows)
        whole = any(map(_RUN.fullmatch, cells[name]))
        ruled.add_column(
            name, justify="right" if number else "left", overflow="fold", no_wrap=whole,
            min_width=needed[name] if fits or whole else None,
        )  # fmt: skip
    for values in zip(*(cells[name] for name in shown), strict=True):
        ruled.add_row(*values)
    console.print(ruled, crop=False)
    if gone:
        console.print(f"Not shown on a screen this narrow: {', '.join(gone)}.", highlight=False)
    if most is not None and len(rows) > most:
        console.print(f"{most} of {len(rows)} rows shown.", highlight=False)


def _spared(needed: Mapping[str, int], spare: Sequence[str], width: int) -> list[str]:
    """Columns to leave out so that the others have what they need: as few as will do, in the order of `spare`."""
    gone: list[str] = []
    for name in (name for name in spare if name in needed):
        if _wide({other: n for other, n in needed.items() if other not in gone}) <= width:
            break
        gone.append(name)
    return gone


def _wide(needed: Mapping[str, int]) -> int:
    """Width of a ruled table whose columns have what they need."""
    return sum(needed.values()) + 3 * len(needed) + 1


def _needed(name: str, cells: Sequence[str]) -> int:
    """Characters a column needs: for the words of its header and short ones below it; for ids, all of them."""
    short = [word for text in cells for word in text.split() if len(word) <= _SHORT or _RUN.fullmatch(word)]
    return max(map(len, (*name.split(), *short)), default=1)


def _rows(table: Any) -> list[dict[str, Any]]:
    """The rows of a polars frame or an Arrow table as dictionaries."""
    return list(table.to_dicts() if hasattr(table, "to_dicts") else table.to_pylist())


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list):
        return ", ".join(str(v) for v in value)
    return str(value)


@contextmanager
def console_report() -> Iterator[Report]:
    """A `Report` that draws one bar per step on stderr and leaves nothing behind."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=messages, transient=True) as progress:
        tasks: dict[str, Any] = {}

        def report(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done, total=total)

        yield report

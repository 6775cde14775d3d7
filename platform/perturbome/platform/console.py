"""What every command shares: options, tables, messages, a progress bar. Answers go to stdout, the rest to stderr."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator
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
    table: pa.Table | pl.DataFrame, title: str | None = None, *, json: bool = False, most: int | None = None
) -> None:
    """Print a table: as JSON rows, or ruled for a reader, with at most `most` rows and a line that says so."""
    rows = _rows(table)
    if json:
        show_json(rows)
        return
    from rich.table import Table

    names = [str(name) for name in getattr(table, "column_names", None) or table.columns]
    ruled = Table(title=title, title_justify="left", header_style="bold")
    for name in names:
        number = bool(rows) and all(isinstance(row[name], int | float | None) for row in rows)
        ruled.add_column(name, justify="right" if number else "left", overflow="fold")
    for row in rows[:most]:
        ruled.add_row(*(_cell(row[name]) for name in names))
    console.print(ruled)
    if most is not None and len(rows) > most:
        console.print(f"{most} of {len(rows)} rows shown.", highlight=False)


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

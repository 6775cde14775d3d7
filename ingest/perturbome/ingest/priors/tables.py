"""Delimited text to a polars frame of strings: quotes, comments, ragged lines and headers dealt with once."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import polars as pl

from perturbome.ingest.priors.opening import Head, whole
from perturbome.platform.errors import BadValues, MissingColumn, UnreadableFile

SEVERAL_BLANKS = re.compile(rb"[ \t]{2,}")


def read_table(head: Head, *, header: bool) -> pl.DataFrame:
    """Read the whole file as strings; without a header the columns are column_1, column_2, ...

    Too short a line gets nulls (the caller counts them as malformed); what a line holds too much is cut off.
    """
    content = whole(head.path)
    if head.separator == " ":
        content = io.BytesIO(b"\n".join(SEVERAL_BLANKS.sub(b" ", line.strip()) for line in content.read().split(b"\n")))
    commented = any(line.startswith("#") for line in head.lines[1:]) or (head.lines[0].startswith("#") and not header)
    try:
        frame = pl.read_csv(
            content,
            separator=head.separator,
            has_header=header,
            infer_schema=False,
            comment_prefix="#" if commented else None,
            truncate_ragged_lines=True,
            encoding="utf8-lossy",
        )
    except pl.exceptions.PolarsError as broken:
        raise UnreadableFile(f"{head.path.name} is not a regular table: {str(broken).splitlines()[0]}.") from None
    if not header:
        frame.columns = [f"column_{i + 1}" for i in range(frame.width)]
    return frame.rename({c: c.strip().strip('"').lstrip("#\ufeff").strip() for c in frame.columns})


def column(frame: pl.DataFrame, head: Head, *spellings: str) -> pl.Series:
    """The first column whose name is one of `spellings`, upper and lower case alike.

    Raises:
        MissingColumn: none of them is there; the message lists the columns that are.
    """
    found = optional_column(frame, *spellings)
    if found is None:
        raise MissingColumn(
            spellings[0], head.path.name, frame.columns, f"Other spellings read: {', '.join(spellings)}."
        )
    return found


def optional_column(frame: pl.DataFrame, *spellings: str) -> pl.Series | None:
    """As `column`, but None where it is absent."""
    by_folded = {name.casefold(): name for name in frame.columns}
    name = next((by_folded[s.casefold()] for s in spellings if s.casefold() in by_folded), None)
    return None if name is None else frame[name]


def numbers(values: pl.Series, head: Head, what: str) -> pl.Series:
    """The strings as Float64.

    Raises:
        BadValues: some are not finite numbers; the message shows the first three and their lines.
    """
    read = values.str.strip_chars().cast(pl.Float64, strict=False)
    bad = (read.is_null() | ~read.is_finite().fill_null(False)).arg_true()
    if len(bad):
        shown = ", ".join(f"{values[i]!r} (row {i + 1})" for i in bad[:3].to_list())
        raise BadValues(f"{len(bad):,} values of '{what}' in {head.path.name} are not numbers: {shown}.")
    return read


def has_any(fields: Sequence[str], *spellings: str) -> bool:
    """True if one of the spellings is among the header fields (already in lower case)."""
    return any(s in fields for s in spellings)

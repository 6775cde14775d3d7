"""STRING's text in bounded batches: columns named as in the lake, scores checked, halves of a channel joined."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv as pacsv

from perturbome.ingest.priors.opening import Head, opened
from perturbome.ingest.priors.record import CHANNELS, Ask
from perturbome.ingest.priors.string_channels import combine
from perturbome.platform.errors import BadValues, InputError, MissingColumn, UnreadableFile

BLOCK = 1 << 24


@dataclass
class Tally:
    """What was met and what was left out while reading."""

    unmapped: set[str]
    lines: int = 0
    malformed: int = 0
    lost: int = 0
    loops: int = 0
    dropped: int = 0


def batches(head: Head, ask: Ask, tally: Tally) -> Iterator[pl.DataFrame]:
    """Frames of protein1, protein2 (String), score and channels (UInt16, thousandths)."""
    columns = header_of(head)
    malformed: list[int] = []

    def skip(row: pacsv.InvalidRow) -> str:
        malformed.append(row.actual_columns)
        return "skip"

    total = head.path.stat().st_size
    with opened(head.path) as stream:
        try:
            reader = pacsv.open_csv(
                pa.PythonFile(stream, mode="r"),
                pacsv.ReadOptions(block_size=BLOCK, column_names=columns, skip_rows=1, use_threads=False),
                pacsv.ParseOptions(delimiter=head.separator, invalid_row_handler=skip),
                pacsv.ConvertOptions(
                    column_types={c: pa.string() if c.startswith("protein") else pa.uint16() for c in columns}
                ),
            )
            for batch in reader:
                ask.report(f"reading {head.path.name}", min(_position(stream), total), total)
                yield halves_joined(checked(pl.DataFrame(pa.Table.from_batches([batch])), head))
        except pa.ArrowInvalid as broken:
            raise explained(broken, head, columns) from None
    tally.malformed = len(malformed)


def _position(stream: object) -> int:
    """Bytes of the file consumed so far, packed ones for a packed file."""
    raw = getattr(stream, "fileobj", None) or getattr(stream, "_fp", None) or stream
    return int(raw.tell()) if isinstance(raw, io.IOBase) else 0


def header_of(head: Head) -> list[str]:
    """Column names in the lake's spelling, transferred halves kept apart.

    Raises:
        MissingColumn: no header, or one without combined_score.
    """
    if head.header[:2] != ["protein1", "protein2"] or "combined_score" not in head.header:
        missing = "combined_score" if head.header[:1] == ["protein1"] else "protein1"
        raise MissingColumn(missing, head.path.name, head.header, "Take protein.links from string-db.org as it is.")
    names = [f.replace("experiments", "experimental") for f in head.header]
    return ["score" if n == "combined_score" else n for n in names]


def checked(batch: pl.DataFrame, head: Head) -> pl.DataFrame:
    """The batch, if its scores lie in 0..1000.

    Raises:
        BadValues: a score is empty or above 1000.
    """
    scores = batch["score"]
    outside = scores.filter(scores > 1000)
    if scores.null_count() or len(outside):
        raise BadValues(
            f"combined_score in {head.path.name} is {outside[0] if len(outside) else 'empty'} somewhere; "
            "STRING's scores are whole numbers from 0 to 1000. Take the file from string-db.org as it is."
        )
    return batch


def halves_joined(batch: pl.DataFrame) -> pl.DataFrame:
    """Direct and transferred columns of a `full` file combined, in thousandths; other columns STRING has dropped."""
    joined = {}
    for channel in CHANNELS:
        transferred = f"{channel}_transferred"
        if transferred in batch.columns and channel in batch.columns:
            direct, homologous = (batch[c].fill_null(0).to_numpy() / np.float32(1000) for c in (channel, transferred))
            joined[channel] = pl.Series(channel, np.rint(combine(direct, homologous) * 1000).astype(np.uint16))
        elif channel in batch.columns:
            joined[channel] = batch[channel]
    return batch.select("protein1", "protein2", "score").with_columns(*joined.values())


def explained(broken: pa.ArrowInvalid, head: Head, columns: list[str]) -> InputError:
    """Arrow's complaint in our words."""
    found = re.search(r"In CSV column #(\d+).*invalid value '(.*?)'", str(broken))
    if found:
        named = columns[int(found.group(1))].replace("score", "combined_score")
        return BadValues(
            f"Column '{named}' of {head.path.name} holds '{found.group(2)}', not a whole number from 0 to 1000. "
            "Take the file from string-db.org as it is."
        )
    return UnreadableFile(f"{head.path.name} is not a regular table: {str(broken).splitlines()[0]}.")

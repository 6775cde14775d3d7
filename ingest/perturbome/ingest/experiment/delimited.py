"""Text matrices: CSV and TSV, cells x genes or genes x cells, with columns about the cells among the genes."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pandas as pd

from perturbome.ingest.experiment.orientation import about_cells, names_rows, rows_are_genes
from perturbome.ingest.experiment.source import InMemory, Source
from perturbome.platform.errors import AmbiguousInput, UnreadableFile

COMPANIONS = ("PseudoTime.csv", "obs.csv", "metadata.csv", "cells.csv", "cell_metadata.csv", "meta.csv")


def read_delimited(path: Path, transpose: bool | None = None) -> Source:
    """Read a text matrix; `transpose` True says that rows are genes.

    Without it the orientation is taken from a companion table of cells (PseudoTime.csv, metadata.csv, ... in the
    same folder), else from the names. Raises UnreadableFile, and AmbiguousInput where the names do not tell.
    """
    table = _read(path)
    said: list[str] = []
    corner = str(table.columns[0])
    named = not pd.api.types.is_numeric_dtype(table.iloc[:, 0]) or names_rows(corner)
    named = named and not about_cells(corner)
    if named:
        table = table.set_index(table.columns[0])
        table.index = table.index.astype(str)
    else:
        table.index = pd.Index([f"row_{i + 1}" for i in range(len(table))])
    companion = _companion(path, table)
    by_gene = transpose
    if by_gene is None:
        by_gene, why = _rows_are_genes(path, table, named, corner, companion)
        said.append(f"Rows are taken as {'genes' if by_gene else 'cells'} ({why}; --transpose or --no-transpose).")
    if by_gene:
        table = table.T
    about = [c for c in table.columns if about_cells(str(c)) or not _numeric(table[c])]
    obs = table[about].infer_objects() if about else pd.DataFrame(index=table.index)
    if companion is not None and companion[1].index.isin(table.index).any():
        more = companion[1].reindex(table.index)
        obs = obs.join(more[[c for c in more.columns if c not in obs.columns]])
        said.append(f"Columns about the cells come from {companion[0]}: {', '.join(map(str, more.columns[:8]))}.")
    values = table.drop(columns=about)
    if about:
        said.append(f"Columns about the cells, not genes: {', '.join(map(str, about[:8]))}.")
    matrix = InMemory(values.to_numpy(dtype=np.float64))
    obs.index.name = None
    return Source(
        path, "text", obs, pd.DataFrame(index=values.columns.astype(str)), ("X",), lambda _: matrix, said=said
    )


def _read(path: Path) -> pd.DataFrame:
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            head = file.read(1 << 20)
    except (OSError, EOFError) as error:
        raise UnreadableFile(f"{path} cannot be read: {error}.") from error
    if not head.strip():
        raise UnreadableFile(f"{path} is empty.")
    if b"\x00" in head:
        raise UnreadableFile(f"{path} is no text: it holds zero bytes. Is it an .h5ad, .xlsx or compressed file?")
    first = re.split(rb"\r\n|\r|\n", head, maxsplit=1)[0].decode("utf-8-sig", errors="replace")
    separator = max("\t,;", key=first.count)
    if first.count(separator) == 0:
        separator = r"\s+"
    try:
        table = pd.read_csv(path, sep=separator, encoding="utf-8-sig", skip_blank_lines=True,
                            engine="python" if len(separator) > 1 else "c", low_memory=True)  # fmt: skip
    except (ValueError, EOFError, OSError) as error:
        raise UnreadableFile(f"{path} cannot be read as a table: {error}.") from error
    # Spreadsheets leave rows and columns of bare separators behind.
    table = table.dropna(how="all").loc[
        :, lambda t: ~(t.isna().all() & t.columns.astype(str).str.startswith("Unnamed"))
    ]
    if table.shape[0] == 0 or table.shape[1] < 2:
        raise UnreadableFile(f"{path} holds {table.shape[0]} rows and {table.shape[1]} columns; that is no matrix.")
    if sum(_numeric(table[c]) for c in table.columns) < 2:
        raise UnreadableFile(f"{path} is no matrix: hardly a column of it holds numbers ({_columns(table)}). "
                             "If it is a list of edges or genes: perturbome ingest prior.")  # fmt: skip
    header = [str(c) for c in table.columns]
    if all(re.match(r"^-?\d*\.?\d+([eE][-+]?\d+)?(\.\d+)?$", h) for h in header):
        raise UnreadableFile(f"{path} has no header: its first line is numbers ({', '.join(header[:4])}, ...). "
                             "Put the names of the genes (or cells) there.")  # fmt: skip
    return table


def _columns(table: pd.DataFrame) -> str:
    return ", ".join(map(str, table.columns[:6]))


def _numeric(column: pd.Series) -> bool:
    try:
        pd.to_numeric(column)
    except (ValueError, TypeError):
        return False
    return True


def _companion(path: Path, table: pd.DataFrame) -> tuple[str, pd.DataFrame] | None:
    """A table beside the matrix whose first column names the rows or the columns of the matrix."""
    for name in (f"{path.name.split('.')[0]}.obs.csv", *COMPANIONS):
        beside = path.parent / name
        if beside == path or not beside.exists():
            continue
        other = pd.read_csv(beside, index_col=0)
        other.index = other.index.astype(str)
        if min(other.index.isin(table.columns).sum(), len(table.columns)) > 0.5 * len(other):
            return name, other
        if other.index.isin(table.index).sum() > 0.5 * len(other):
            return name, other
    return None


def _rows_are_genes(
    path: Path, table: pd.DataFrame, named: bool, corner: str, companion: tuple[str, pd.DataFrame] | None
) -> tuple[bool, str]:
    if companion is not None:
        cells = companion[1].index
        by_gene = bool(cells.isin(table.columns).sum() > cells.isin(table.index).sum())
        return by_gene, f"{companion[0]} names the {'columns' if by_gene else 'rows'}"
    if not named:
        return False, "only the columns have names"
    told, why = rows_are_genes(list(table.index), list(table.columns), corner)
    if told is None:
        raise AmbiguousInput(
            f"{path.name}: cannot tell whether its {len(table)} rows ({', '.join(map(str, table.index[:3]))}, ...) "
            f"or its {table.shape[1]} columns ({', '.join(map(str, table.columns[:3]))}, ...) are genes. "
            "Pass --transpose if the rows are genes, --no-transpose if they are cells."
        )
    return told, why

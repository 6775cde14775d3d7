"""The rows of the table `cells`: what obs says of a cell, and its expression as two lists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import scipy.sparse as sp

from perturbome.ingest.experiment.assign import Assignment
from perturbome.ingest.experiment.checks import check_values
from perturbome.ingest.experiment.columns import ROLES, as_text, find_column, read_numbers, read_times, unit_name
from perturbome.ingest.experiment.genes import Columns, Genes, made_unique
from perturbome.ingest.experiment.source import Matrix, Source
from perturbome.ingest.experiment.state import State, normalise
from perturbome.ingest.words import many
from perturbome.platform.errors import InputError, MissingColumn
from perturbome.platform.perturbation import CONTROL
from perturbome.platform.progress import Report
from perturbome.platform.schema.tables import TABLES

SPATIAL_KEYS = ("spatial", "X_spatial", "spatial_coords", "spatial_coordinates", "coords", "coordinates")
SPATIAL_COLUMNS = (("x_centroid", "y_centroid", "z_centroid"), ("center_x", "center_y", "center_z"),
                   ("spatial_x", "spatial_y", "spatial_z"), ("x", "y", "z"))  # fmt: skip


@dataclass
class CellTable:
    """One row per cell of the file, lists excepted; `columns` are numpy arrays, `used` the obs columns read."""

    names: list[str]
    columns: dict[str, Any]
    time_unit: str | None = None
    used: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def arrow(self, keep: np.ndarray, dataset: str, first: int, assignment: Assignment) -> pa.Table:
        """The kept cells in the types of the table `cells`, numbered from `first`."""
        types = {c.name: c.type for c in TABLES["cells"].columns}
        n = int(keep.sum())
        code = assignment.code[keep]
        ids = np.array([*(p.id for p in assignment.perturbations), None, CONTROL], dtype=object)
        doses = np.array([*(p.dose for p in assignment.perturbations), None, None], dtype=object)
        # -1 is a control and finds the last entry, -2 is unassigned and finds the last but one.
        values: dict[str, Any] = {
            "dataset": pa.array([dataset]).take(pa.array(np.zeros(n, dtype=np.int32))),
            "cell": np.arange(first, first + n),
            "name": np.asarray(self.names, dtype=object)[keep],
            "perturbation": ids[code] if assignment.perturbations else None,
            "control": code == -1,
            "dose": doses[code],
        }
        values |= {name: column[keep] for name, column in self.columns.items()}
        arrays = {
            name: column if isinstance(column, pa.Array) else pa.array(column, type=types[name], from_pandas=True)
            for name, column in values.items()
            if column is not None
        }
        return pa.table(arrays)


def read_cells(
    source: Source,
    told: dict[str, str | None],
    context: str | None,
    make_unique: bool,
    time_unit: str | None = None,
) -> CellTable:
    """Read what obs says of each cell; `told` maps roles to the columns the user named, `time_unit` is theirs too.

    Raises MissingColumn for a told column that is absent, InputError for duplicated names and for a told column
    that cannot be read.
    """
    obs, where = source.obs, source.path.name
    table = CellTable(_cell_names(obs.index, where, make_unique), {})
    for role in ("cell_type", "batch", "replicate", "guide"):
        column, said = find_column(obs, ROLES[role], told.get(role), where)
        if column is not None:
            table.columns[role] = as_text(obs[column])
            table.used[role] = column
            table.said += [said] if said else []
    _cell_type(table, obs, context)
    _time(table, source, told.get("time"), time_unit)
    _pseudotime(table, obs, told.get("pseudotime"), where)
    return table


def _cell_names(index: pd.Index, where: str, make_unique: bool) -> list[str]:
    names = [str(n) for n in index]
    if not index.is_unique:
        doubled = index[index.duplicated()].unique()
        if not make_unique:
            raise InputError(f"Duplicated cell names in {where}: {', '.join(map(str, doubled[:5]))} "
                             f"({len(doubled)} in all). Pass --make-unique to append -1, -2, ...")  # fmt: skip
        return made_unique(names)
    return names


def _cell_type(table: CellTable, obs: pd.DataFrame, context: str | None) -> None:
    n = len(obs)
    types = table.columns.get("cell_type")
    if types is None:
        types = np.full(n, "all", dtype=object)
        table.said.append("Cell type: none in the file, so 'all' (--cell-type-column).")
    else:
        unknown = np.array([t is None for t in types])
        if unknown.any():
            types = np.where(unknown, "unknown", types)
            table.said.append(f"{many(int(unknown.sum()), 'cell has', 'cells have')} no cell type: 'unknown'.")
    if context is not None:
        more = as_text(obs[context])
        whole = [t if m is None else m if t == "all" else f"{t} | {m}" for t, m in zip(types, more, strict=True)]
        types = np.array(whole, dtype=object)
        table.said.append(f"Context: column '{context}' is joined to the cell type, as in '{whole[0]}'.")
    table.columns["cell_type"] = types


def _time(table: CellTable, source: Source, told: str | None, told_unit: str | None) -> None:
    obs, where = source.obs, source.path.name
    column, said = find_column(obs, ROLES["time"], told, where, used=list(table.used.values()))
    if column is None:
        return
    times = read_times(obs[column])
    if times.unreadable is not None:
        if told:
            raise InputError(f"Column '{column}' of obs of {where} holds no times: {times.unreadable!r}. "
                             "Times are numbers, or like '24h' and 'day 10'.")  # fmt: skip
        table.said.append(f"Column '{column}' is left out as time: it holds {times.unreadable!r}.")
        return
    stated = source.uns.get("time_unit")
    unit, whence = next(
        ((unit_name(u), said) for u, said in ((told_unit, ", as told"), (times.unit, ""),
                                               (stated, " (uns['time_unit'])")) if isinstance(u, str) and u.strip()),
        (None, ", unit not stated (--time-unit)"),
    )  # fmt: skip
    table.columns["time"], table.time_unit, table.used["time"] = times.values, unit, column
    shown = ", ".join(f"{t:g}" for t in np.unique(times.values[~np.isnan(times.values)])[:8])
    many_of = "" if unit is None else f", {unit}" if unit.endswith("s") or not unit.isalpha() else f" in {unit}s"
    table.said.append(f"{said or f'Time: column {column!r}.'} Values: {shown}{many_of}{whence}.")


def _pseudotime(table: CellTable, obs: pd.DataFrame, told: str | None, where: str) -> None:
    column, said = find_column(obs, ROLES["pseudotime"], told, where)
    if column is None:
        return
    values = read_numbers(obs, column, "--pseudotime-column", where)
    values[~np.isfinite(values)] = np.nan
    stem = re.sub(r"[\W_]*\d+$", "", column)
    for other in [str(c) for c in obs.columns if re.fullmatch(re.escape(stem) + r"[\W_]*\d+", str(c)) and c != column]:
        # Lineages share their root, so a cell that the first one does not hold has the time of its own.
        if told is None and np.isnan(values).any():
            more = read_numbers(obs, other, "--pseudotime-column", where)
            filled = np.isnan(values) & np.isfinite(more)
            values = np.where(filled, more, values)
            if filled.any():
                table.said.append(f"{many(int(filled.sum()), 'cell')} outside '{column}': pseudotime from '{other}'.")
    table.columns["pseudotime"], table.used["pseudotime"] = values, column
    table.said += [said] if said else []


def read_space(source: Source, told: str | None) -> tuple[dict[str, np.ndarray], list[str]]:
    """Coordinates x, y and z from obsm or obs, and what to say; empty where there are none."""
    if told is not None and told not in source.embeddings:
        raise MissingColumn(told, f"obsm of {source.path.name}", source.embeddings, "Pass --spatial-key.")
    key = told or next((k for k in SPATIAL_KEYS if k in source.embeddings), None)
    if key is not None and source.embedding is not None:
        values = np.asarray(source.embedding(key), dtype=np.float64)
        if values.ndim != 2 or values.shape[0] != len(source.obs) or not 2 <= values.shape[1] <= 3:
            raise InputError(f"obsm['{key}'] of {source.path.name} is {' x '.join(map(str, values.shape))}; "
                             f"coordinates are {len(source.obs)} x 2 or 3.")  # fmt: skip
        axes = dict(zip("xyz", values.T, strict=False))
        return axes, [f"Coordinates: obsm['{key}'], {values.shape[1]} dimensions."]
    folded = {str(c).casefold(): c for c in source.obs.columns}
    for names in SPATIAL_COLUMNS:
        found = [folded[n] for n in names if n in folded]
        if len(found) >= 2 and all(pd.api.types.is_numeric_dtype(source.obs[c]) for c in found):
            axes = {axis: source.obs[c].to_numpy(np.float64) for axis, c in zip("xyz", found, strict=False)}
            return axes, [f"Coordinates: columns {', '.join(map(str, found))}."]
    return {}, []


def cell_batches(
    matrix: Matrix,
    cells: pa.Table,
    keep: np.ndarray,
    state: State,
    columns: Columns,
    names: Sequence[str],
    genes: Genes,
    where: str,
    report: Report,
) -> Iterator[pa.RecordBatch]:
    """Read, check, normalise and hand over the matrix piece by piece, with the rows of `cells` that belong to it."""
    done = 0
    schema = pa.schema(
        [(c.name, c.type) for c in TABLES["cells"].columns if c.name in ("gene_index", "value", "total")]
    )
    for start, stop in matrix.pieces():
        piece = matrix.rows(start, stop)
        check_values(piece, state, names[start:stop], genes.symbols, where, start)
        piece = piece[keep[start:stop]] if not keep[start:stop].all() else piece
        n = piece.shape[0]
        if n:
            index, value, totals = expression_lists(columns.apply(piece), state)
            meta = cells.slice(done, n).combine_chunks()
            batch = pa.RecordBatch.from_arrays(
                [*(_whole(c) for c in meta.columns), index, value, pa.array(totals, type=schema.field("total").type)]
                if totals is not None
                else [*(_whole(c) for c in meta.columns), index, value],
                [*meta.column_names, "gene_index", "value", *(["total"] if totals is not None else [])],
            )
            yield batch
            done += n
        report("Reading cells", stop, matrix.shape[0])


def expression_lists(piece: sp.csr_matrix, state: State) -> tuple[pa.Array, pa.Array, np.ndarray | None]:
    """A piece as Arrow lists of gene indices and values, without copies, and its library sizes (counts only)."""
    piece.sum_duplicates()  # sorts the genes of a cell as well
    piece, totals = normalise(piece, state)
    piece.eliminate_zeros()
    offsets = pa.array(piece.indptr.astype(np.int32, copy=False))
    index = pa.ListArray.from_arrays(offsets, pa.array(piece.indices.astype(np.int32, copy=False)))
    value = pa.ListArray.from_arrays(offsets, pa.array(piece.data.astype(np.float32, copy=False)))
    return index, value, totals


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)

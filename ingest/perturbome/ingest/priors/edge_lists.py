"""Edge lists by gene name: pySCENIC adjacencies, BEELINE networks, associations without direction, plain tables."""

from __future__ import annotations

import polars as pl

from perturbome.ingest.priors.edges import normalise, rank_score, signs
from perturbome.ingest.priors.opening import Head
from perturbome.ingest.priors.record import Ask, Parsed, PriorFormat
from perturbome.ingest.priors.tables import column, has_any, numbers, optional_column, read_table
from perturbome.platform.errors import MissingColumn

SOURCE = ("source", "tf", "regulator", "gene1", "from", "protein1", "node1", "genea", "gene_a", "a", "interactor_a")
TARGET = ("target", "gene", "gene2", "to", "protein2", "node2", "geneb", "gene_b", "b", "interactor_b")
SCORE = ("score", "importance", "weight", "confidence", "combined_score", "edgeweight", "value")
SIGN = ("type", "sign", "mode", "effect", "interaction", "mor")
ASSOCIATIONS = ("string", "huri", "ppi", "biogrid", "coexpression", "interactome")
INDEX = ("", "unnamed: 0", "index")


def is_adjacencies(head: Head) -> str | None:
    """The header of `pyscenic grn`."""
    header = [f for f in head.header if f not in INDEX]
    return "its header is TF, target, importance" if header[:3] == ["tf", "target", "importance"] else None


def read_adjacencies(head: Head, ask: Ask) -> Parsed:
    """pySCENIC (GRNBoost2, GENIE3): importance has no scale, so score = average rank / number of edges."""
    table = read_table(head, header=True)
    importance = numbers(column(table, head, "importance"), head, "importance")
    frame = pl.DataFrame({
        "source": column(table, head, "TF"), "target": column(table, head, "target"),
        "score": rank_score(importance), "evidence": importance.cast(pl.String).alias("importance"),
    })  # fmt: skip
    return normalise(frame.with_columns("importance " + pl.col("evidence")), directed=True)


def is_beeline(head: Head) -> str | None:
    """BEELINE's refNetwork header, unless the file's name says that it lists associations."""
    if head.header[:2] == ["gene1", "gene2"] and is_associations(head) is None:
        return "its header is that of a BEELINE network (Gene1, Gene2)"
    return None


def is_associations(head: Head) -> str | None:
    """An edge list whose name or header speaks of associations, which have no direction."""
    if len(head.rows[-1]) < 2:
        return None
    name, folder = head.path.name.casefold(), head.path.parent.name.casefold()
    word = next((w for w in ASSOCIATIONS if w in name or w == folder), None)
    if word:
        return f"its name or folder says '{word}', whose edges have no direction"
    if head.header[:2] in (["protein1", "protein2"], ["interactor_a", "interactor_b"]):
        return f"its header ({head.rows[0][0]}, {head.rows[0][1]}) names partners, not regulator and target"
    return None


def is_plain(head: Head) -> str | None:
    """Two or more columns, the first two of them names."""
    rows = head.rows
    widths = {len(row) for row in rows}
    if min(widths) < 2 or (max(widths) != min(widths)):
        return None
    named = has_any(head.header, *SOURCE) and has_any(head.header, *TARGET)
    if named:
        return "its header names the two ends of an edge"
    if not any(_is_number(field) for row in rows[1:] or rows for field in row[:2]):
        return f"it has {len(rows[-1])} columns whose first two are names"
    return None


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def read_directed(head: Head, ask: Ask) -> Parsed:
    """Regulator, target and perhaps a sign or a score."""
    return _read(head, directed=True)


def read_undirected(head: Head, ask: Ask) -> Parsed:
    """Two partners and perhaps a score; each pair is stored once."""
    return _read(head, directed=False)


def _read(head: Head, *, directed: bool) -> Parsed:
    """Ends by header, else the first two columns; a third column is read as sign or score by what it holds.

    Scores: within 0..1 as they are (edges of score 0 are no edges and are dropped); all of -1, 0, 1 or negative:
    the sign, with |value| the score; anything larger than 1: average rank / number of edges.
    """
    header = has_header(head)
    table = read_table(head, header=header)
    if table.width < 2:
        raise MissingColumn("target (second column)", head.path.name, table.columns, "An edge has two ends.")
    ends = (optional_column(table, *SOURCE), optional_column(table, *TARGET)) if header else (None, None)
    if ends[0] is None or ends[1] is None:
        kept = [c for c in table.columns if c.casefold() not in INDEX]
        ends = (table[kept[0]], table[kept[1]])
    frame = pl.DataFrame({"source": ends[0], "target": ends[1]})
    said: list[str] = []
    third = None
    if header:
        sign, score = optional_column(table, *SIGN), optional_column(table, *SCORE)
    else:
        sign = None
        third = score = table["column_3"] if table.width == 3 else None
        if table.width > 3:
            said.append(f"columns 3 to {table.width} have no header and were left aside")
    if third is not None and signs(third).null_count() == 0 and not set(third.unique()) <= {"0", "1"}:
        sign, score = third, None
    if sign is not None and (known := signs(sign)).null_count() == 0:
        frame = frame.with_columns(known.alias("sign"))
    elif sign is not None:
        said.append(f"column '{sign.name}' holds no signs and was left aside")
    if score is not None:
        scored, how = scores(numbers(score, head, score.name))
        frame = frame.with_columns(c for c in scored if c.name not in frame.columns)
        said.append(f"column '{score.name}' {how}")
        empty = frame["score"] == 0
        if empty.any():
            said.append(f"{int(empty.sum()):,} lines of score 0 are no edges and were left out")
            frame = frame.filter(~empty)
    parsed = normalise(frame, directed=directed)
    return Parsed("edges", parsed.names, parsed.rows, unmapped=parsed.unmapped, counts=parsed.counts, said=said)


def scores(values: pl.Series) -> tuple[list[pl.Series], str]:
    """Score (and sign, where values are negative) in 0..1, and how they were made."""
    sign = values.sign().cast(pl.Int8).alias("sign")
    size = values.abs()
    largest = float(str(size.max() or 0.0))
    scaled = size.cast(pl.Float32) if largest <= 1 else rank_score(size)
    how = "is the score" if largest <= 1 else "has no scale: score = rank / number of edges"
    if (values < 0).any():
        return [scaled.alias("score"), sign], f"is signed; its size {how}"
    return [scaled.alias("score")], how


def has_header(head: Head) -> bool:
    """True if the first line names columns rather than genes."""
    return has_any(head.header, *SOURCE[:8]) and has_any(head.header[1:], *TARGET)


FORMATS = (
    PriorFormat("adjacencies", "pySCENIC adjacencies: TF, target, importance", is_adjacencies, read_adjacencies,
                reference="Van de Sande et al., Nat. Protoc. 2020, 15:2247"),
    PriorFormat("beeline", "BEELINE reference network: Gene1, Gene2 and perhaps Type (+ or -)", is_beeline,
                read_directed, reference="Pratapa et al., Nat. Methods 2020, 17:147"),
    PriorFormat("associations", "edge list without direction by gene name: STRING, HuRI, BioGRID excerpts",
                is_associations, read_undirected),
    PriorFormat("edge_list", "plain edge list: regulator, target and perhaps a sign or score", is_plain, read_directed),
)  # fmt: skip

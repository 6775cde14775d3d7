"""Curated regulator -> target tables: TRRUST, DoRothEA, CollecTRI."""

from __future__ import annotations

import polars as pl

from perturbome.ingest.priors.edges import normalise, signs
from perturbome.ingest.priors.opening import Head
from perturbome.ingest.priors.record import Ask, Parsed, PriorFormat
from perturbome.ingest.priors.tables import column, has_any, numbers, optional_column, read_table
from perturbome.platform.errors import BadValues, MissingColumn

TRRUST_MODES = {"activation", "repression", "unknown"}
CONFIDENCE = {"A": 1.0, "B": 0.8, "C": 0.6, "D": 0.4, "E": 0.2}
"""DoRothEA's letters as scores: evenly spaced by us, since the source orders them without a scale."""

TF, TARGET = ("tf", "source", "regulator"), ("target", "gene")
WEIGHT = ("mor", "weight", "sign")


def is_trrust(head: Head) -> str | None:
    """Four tab-separated columns, the third a mode of regulation."""
    modes = {row[2].casefold() for row in head.rows if len(row) == 4}
    return "its third column holds Activation, Repression and Unknown" if modes and modes <= TRRUST_MODES else None


def read_trrust(head: Head, ask: Ask) -> Parsed:
    """TRRUST v2 raw data: regulator, target, mode, PubMed ids. Evidence is 'mode:pmids', all of them.

    Contradicting modes for one pair leave one edge of sign 0. No score in the source: 1.
    """
    table = read_table(head, header=False)
    if table.width < 3:
        raise MissingColumn("mode (third column)", head.path.name, table.columns, "TRRUST has TF, target, mode, PMID.")
    pmid = table[table.columns[3]] if table.width > 3 else pl.Series("pmid", [None] * table.height, dtype=pl.String)
    return normalise(
        pl.DataFrame({
            "source": table["column_1"], "target": table["column_2"],
            "sign": known(signs(table["column_3"]), table["column_3"], head),
            "evidence": table["column_3"] + (":" + pmid).fill_null(""),
        }),
        directed=True,
    )  # fmt: skip


def known(sign: pl.Series, words: pl.Series, head: Head) -> pl.Series:
    """The signs, if every word was understood.

    Raises:
        BadValues: a word is no mode of regulation we know.
    """
    strange = words.filter(sign.is_null()).unique().to_list()
    if strange:
        raise BadValues(
            f"{head.path.name} holds {', '.join(repr(w) for w in strange[:3])} where a mode of regulation belongs. "
            "Known: Activation, Repression, Unknown, +, -."
        )
    return sign


def is_dorothea(head: Head) -> str | None:
    """A header with a confidence letter beside regulator and target."""
    if "confidence" in head.header and has_any(head.header, *TF) and has_any(head.header, *TARGET):
        return "its header names a regulator, a target and a confidence letter"
    return None


def read_dorothea(head: Head, ask: Ask) -> Parsed:
    """DoRothEA: tf, confidence (A to E, scored 1.0, 0.8, 0.6, 0.4, 0.2), target, mor (mode of regulation)."""
    table = read_table(head, header=True)
    letters = column(table, head, "confidence").str.strip_chars().str.to_uppercase()
    score = letters.replace_strict(CONFIDENCE, default=None, return_dtype=pl.Float32)
    strange = letters.filter(score.is_null()).unique().to_list()
    if strange:
        raise BadValues(
            f"Confidence {', '.join(map(repr, strange[:3]))} in {head.path.name}: letters A to E are known."
        )
    return normalise(
        pl.DataFrame({
            "source": column(table, head, *TF), "target": column(table, head, *TARGET),
            "sign": sign_of(column(table, head, *WEIGHT), head), "score": score,
            "evidence": "confidence " + letters,
        }),
        directed=True,
    )  # fmt: skip


def sign_of(weights: pl.Series, head: Head) -> pl.Series:
    """The sign of numeric weights, as Int8."""
    return numbers(weights, head, weights.name).sign().cast(pl.Int8)


def is_collectri(head: Head) -> str | None:
    """A header of regulator, target and mode with CollecTRI's own columns, or weights that are all -1, 0 or 1."""
    header = head.header
    if "confidence" in header or not (has_any(header, *TF) and has_any(header, *TARGET) and has_any(header, *WEIGHT)):
        return None
    if has_any(header, "sign_decision", "sign.decision", "resources") or "collectri" in head.path.name.casefold():
        return "its header is that of CollecTRI"
    at = next(header.index(w) for w in WEIGHT if w in header)
    values = {row[at] for row in head.rows[1:] if len(row) > at}
    if values and values <= {"1", "-1", "0", "1.0", "-1.0", "0.0"}:
        return f"its header names regulator and target, and '{header[at]}' holds only -1, 0 and 1"
    return None


def read_collectri(head: Head, ask: Ask) -> Parsed:
    """CollecTRI: source, target, weight or mor (+1, -1); resources and PMID become evidence. No score: 1."""
    table = read_table(head, header=True)
    parts = {name: optional_column(table, name) for name in ("resources", "PMID", "references")}
    evidence = [f"{name}:" + values for name, values in parts.items() if values is not None]
    frame = pl.DataFrame({
        "source": column(table, head, *TF), "target": column(table, head, *TARGET),
        "sign": sign_of(column(table, head, *WEIGHT), head),
    })  # fmt: skip
    if evidence:
        joined = pl.DataFrame([e.alias(str(i)) for i, e in enumerate(evidence)]).select(
            pl.concat_str(pl.all(), separator=" ", ignore_nulls=True)
        )
        frame = frame.with_columns(joined.to_series().alias("evidence"))
    return normalise(frame, directed=True)


FORMATS = (
    PriorFormat("trrust", "TRRUST v2: TF, target, mode, PubMed ids, tab-separated without header", is_trrust,
                read_trrust, reference="Han et al., Nucleic Acids Res. 2018, 46:D380"),
    PriorFormat("dorothea", "DoRothEA: tf, confidence, target, mor", is_dorothea, read_dorothea,
                reference="Garcia-Alonso et al., Genome Res. 2019, 29:1363"),
    PriorFormat("collectri", "CollecTRI: source, target, weight or mor", is_collectri, read_collectri,
                reference="Müller-Dott et al., Nucleic Acids Res. 2023, 51:10934"),
)  # fmt: skip

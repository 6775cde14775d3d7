"""Named edges made regular: empty names listed, doubles merged, signs agreed, self-loops judged, genes numbered."""

from __future__ import annotations

import polars as pl

from perturbome.ingest.priors.record import Parsed
from perturbome.platform.errors import BadValues

NO_NAME = ("", "NA", "N/A", "NAN", "NULL", "NONE", "-", ".")
ACTIVATES = ("+", "1", "+1", "activation", "activates", "activator", "positive", "up", "stimulation", "->")
REPRESSES = ("-", "-1", "repression", "represses", "repressor", "inhibition", "inhibits", "negative", "down", "-|")
UNKNOWN_SIGN = ("0", "unknown", "?", "", "na", "undirected", "binding")


def clean(names: pl.Series) -> pl.Series:
    """Gene names without blanks and quotes; null where nothing is left that could name a gene."""
    stripped = names.cast(pl.String).str.strip_chars(" \t\r\"'")
    not_a_gene = stripped.str.to_uppercase().is_in(NO_NAME) | stripped.str.starts_with("COMPLEX:")
    return stripped.set(not_a_gene.fill_null(True), None)


def signs(words: pl.Series) -> pl.Series:
    """+1, -1 or 0 (Int8) from words or symbols; null where a word is none we know."""
    folded = words.cast(pl.String).fill_null("").str.strip_chars().str.to_lowercase()
    table = dict.fromkeys(ACTIVATES, 1) | dict.fromkeys(REPRESSES, -1) | dict.fromkeys(UNKNOWN_SIGN, 0)
    return folded.replace_strict(table, default=None, return_dtype=pl.Int8)


def rank_score(importance: pl.Series) -> pl.Series:
    """Importance without a scale to a score in (0, 1]: average rank / number of edges, the largest nearest to 1."""
    return (importance.rank("average") / max(len(importance), 1)).cast(pl.Float32)


def normalise(frame: pl.DataFrame, *, directed: bool) -> Parsed:
    """Merge and number edges given by name.

    `frame` has source and target (String) and may have sign (Int8, default 0), score (default 1) and evidence.
    The same edge met again keeps the largest score, the sign on which its lines agree (0 if they contradict one
    another; lines without a sign do not count) and all its evidence. Undirected edges are stored once, first name
    first in alphabetical order, without self-loops; directed self-loops (autoregulation) stay.
    """
    defaults = {"sign": pl.lit(0, pl.Int8), "score": pl.lit(1.0, pl.Float32), "evidence": pl.lit(None, pl.String)}
    frame = frame.with_columns(value.alias(name) for name, value in defaults.items() if name not in frame.columns)
    frame = frame.with_columns(pl.col("score").cast(pl.Float32), pl.col("sign").cast(pl.Int8))
    raw = frame.select("source", "target")
    frame = frame.with_columns(clean(frame["source"]).alias("source"), clean(frame["target"]).alias("target"))
    unmapped = unnamed(raw, frame)
    whole = frame.drop_nulls(["source", "target"])
    refuse_numbers(whole)
    loops = whole["source"] == whole["target"]
    if not directed:
        first, second = pl.min_horizontal("source", "target"), pl.max_horizontal("source", "target")
        whole = whole.filter(~loops).with_columns(first.alias("source"), second.alias("target"))
    merged = merge(whole)
    names = pl.concat([merged["source"], merged["target"]]).unique().sort()
    number = pl.col("source", "target").replace_strict(names, pl.arange(len(names), eager=True, dtype=pl.UInt32))
    rows = merged.with_columns(number if len(names) else pl.col("source", "target").cast(pl.UInt32))
    counts = {
        "n_lines": frame.height,
        "n_malformed": frame.height - whole.height - (0 if directed else int(loops.sum())),
        "n_self_loops": int(loops.sum()),
        "n_merged": whole.height - merged.height,
        "n_contradicting": int(merged["contradicting"].sum()),
    }
    rows = rows.with_columns(pl.lit(directed).alias("directed"))
    columns = ["source", "target", "directed", "sign", "score", "evidence"]
    return Parsed("edges", names.to_list(), rows.select(columns), unmapped=unmapped, counts=counts)


def refuse_numbers(edges: pl.DataFrame) -> None:
    """Raise BadValues where every name is a number: row numbers or Entrez ids, which name no gene here."""
    ends = pl.concat([edges["source"], edges["target"]])
    if len(ends) and ends.str.contains(r"^\d+$").all():
        raise BadValues(
            f"The ends of the edges are numbers ({ends[0]}, {ends[-1]}): row numbers or Entrez ids. "
            "Genes are named by symbol or Ensembl id; replace the numbers by names first."
        )


def merge(edges: pl.DataFrame) -> pl.DataFrame:
    """One row per source and target, in order of first appearance; column `contradicting` marks sign 0 by conflict.

    Score and channels: the largest. Sign: that of the lines which have one, 0 where they contradict one another.
    Evidence: all of it, joined by ';'.
    """
    if not edges.select("source", "target").is_duplicated().any():
        return edges.with_columns(pl.lit(False).alias("contradicting"))
    special = ("source", "target", "sign", "evidence", "contradicting", "directed")
    merged = edges.group_by("source", "target", maintain_order=True).agg(
        pl.col(c for c in edges.columns if c not in special).max(),
        *[pl.col(c).first() for c in ("directed",) if c in edges.columns],
        pl.col("sign").max().alias("most"),
        pl.col("sign").min().alias("least"),
        *[
            pl.col(c).drop_nulls().unique(maintain_order=True).str.join(";")
            for c in ("evidence",)
            if c in edges.columns
        ],
    )
    if "evidence" in merged.columns:
        merged = merged.with_columns(pl.col("evidence").replace("", None))
    return merged.with_columns(
        (pl.col("most") + pl.col("least")).clip(-1, 1).cast(pl.Int8).alias("sign"),
        ((pl.col("most") > 0) & (pl.col("least") < 0)).alias("contradicting"),
    ).drop("most", "least")


def unnamed(raw: pl.DataFrame, cleaned: pl.DataFrame) -> list[str]:
    """Distinct spellings that name no gene, as the file has them ('(empty)' for nothing at all)."""
    found = [raw[c].filter(cleaned[c].is_null()) for c in ("source", "target")]
    return pl.concat(found).fill_null("").replace("", "(empty)").unique().sort().to_list()

"""Take a prior into the store: read, match to the store's genes, write one run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import replace as changed
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from perturbome.ingest.organism import asked_organism
from perturbome.ingest.priors.account import account
from perturbome.ingest.priors.formats import read_prior
from perturbome.ingest.priors.identify import spell, to_genes, without
from perturbome.ingest.priors.opening import stem_of
from perturbome.ingest.priors.organisms import decide
from perturbome.ingest.priors.overlap import measured, overlap
from perturbome.ingest.priors.record import Ask, Parsed
from perturbome.platform.errors import InputError
from perturbome.platform.lake.runs import Run
from perturbome.platform.progress import Report, silent
from perturbome.platform.store import Store

ROWS_AT_A_TIME = 1 << 18
DATABASES = ("string", "trrust", "dorothea", "collectri")
"""Formats that name their source: the prior is called after them unless told otherwise."""


@dataclass(frozen=True)
class PriorAdded:
    """What was stored: run, name, format, edges (or gene-set memberships), genes and everything left out."""

    run: str
    name: str
    kind: str
    n_edges: int
    n_genes: int
    unmapped: list[str]
    n_unmapped: int
    n_dropped_by_score: int
    said: list[str]


def add_prior(
    store: Store,
    path: str | Path,
    *,
    kind: str | None = None,
    name: str | None = None,
    organism: str | None = None,
    info: str | Path | None = None,
    min_score: float = 0.0,
    replace: bool = False,
    report: Report = silent,
) -> PriorAdded:
    """Store a prior network, gene-set collection or list of regulators.

    `kind` overrides the recognised format; `info` is STRING's protein.info or protein.aliases; edges below
    `min_score` (0..1) are counted and left out; `replace` takes an older prior of the same name out, once this
    one is complete. Identifiers that name no gene are counted and listed, in `said` and in the run's metrics.

    Raises:
        InputError and its kin: a file that cannot be used, another organism, a name already taken.
        UnknownName: an unknown `kind`.
    """
    started = datetime.now(UTC)
    path = Path(path)
    if not 0.0 <= min_score <= 1.0:
        raise InputError(f"min_score={min_score:g} is not within 0..1 (--min-score). STRING's 700 is 0.7 here.")
    if name is not None:
        older_runs(store, name, replace)
    ask = Ask(asked_organism(organism) if organism else None, Path(info) if info else None, min_score, report)
    chosen, why, parsed = read_prior(path, kind=kind, ask=ask)
    name = name or (chosen.name if chosen.name in DATABASES else stem_of(path))
    older = older_runs(store, name, replace)

    known = store.genes()
    organism, because = decide(parsed.names, path, known, asked=organism, in_file=parsed.organism)
    said = [f"read as {chosen.name}: {why}", f"organism {organism}: {because}", *parsed.said]
    spelled = spell(parsed.names, organism, known)
    said += spelled.said
    parsed, dropped = enough(without(parsed, spelled), min_score)
    refuse_nothing(parsed, path, dropped, min_score)
    parsed, symbols, ensembl = only_used(parsed, spelled.symbols, spelled.ensembl)

    settings: dict[str, Any] = {"prior": name, "format": chosen.name, "organism": organism, "min_score": min_score,
                                "path": str(path), "info": [str(c) for c in parsed.companions]}  # fmt: skip
    report(f"storing {name}", 0, None)
    with store.run(
        "ingest",
        name=f"prior {name}",
        configuration=settings,
        inputs=[path, *parsed.companions],
        started=started,
        replaces=[old.id for old in older],
        report=report,
    ) as run:
        regulator = True if parsed.content == "regulators" else None
        genes = run.register_genes(symbols, organism=organism, ensembl=ensembl, regulator=regulator)
        counts = dict(parsed.counts)
        n_rows = 0
        if parsed.content == "edges":
            rows, joined = to_genes(parsed.rows, genes)
            counts["n_merged"] = counts.get("n_merged", 0) + joined
            n_rows = run.write("priors", prior_batches(rows, genes, name))
        elif parsed.content == "gene_sets":
            n_rows = run.write("gene_sets", set_rows(parsed.rows, genes, name))
        shared, spoken = overlap(genes["gene"].unique(), genes["symbol"], measured(store), organism)
        n_genes = genes["gene"].n_unique()
        said = [*said, *account(parsed, counts, dropped, min_score, n_rows, n_genes), *spoken]
        run.metrics.update(
            n_edges=n_rows, n_genes=n_genes, n_unmapped=len(parsed.unmapped), unmapped=parsed.unmapped,
            overlap=shared, said=said, **{**counts, "n_dropped_by_score": dropped},
        )  # fmt: skip
    if run.replaces:
        said.append(f"the older prior '{name}' was taken out, with all that stood on it: run {', '.join(run.replaces)}")
    unmapped = parsed.unmapped
    return PriorAdded(run.id, name, chosen.name, n_rows, n_genes, unmapped, len(unmapped), dropped, said)


def older_runs(store: Store, name: str, replaced: bool) -> list[Run]:
    """Runs that hold a prior of this name.

    Raises:
        InputError: there are some and they are not to be replaced.
    """
    older = [run for run in store.runs("ingest") if run.configuration.get("prior") == name]
    if older and not replaced:
        raise InputError(
            f"The store already holds a prior '{name}' (run {older[-1].id}). "
            f"Pass another name= (--name), or replace=True (--replace) to put this one in its place."
        )
    return older


def enough(parsed: Parsed, min_score: float) -> tuple[Parsed, int]:
    """Edges of at least `min_score`, and how many were not."""
    if parsed.content != "edges" or min_score <= 0:
        return parsed, 0
    # Scores are float32: 0.7 must keep an edge stored as float32(0.7).
    rows = parsed.rows.filter(pl.col("score") >= pl.lit(min_score, pl.Float32))
    return changed(parsed, rows=rows), parsed.rows.height - rows.height + parsed.counts.get("n_dropped_by_score", 0)


def refuse_nothing(parsed: Parsed, path: Path, dropped: int, min_score: float) -> None:
    """Raise InputError where no row is left, saying where the rows went."""
    if parsed.rows.height:
        return
    lost = (
        f"{len(parsed.unmapped):,} identifiers name no gene ({', '.join(parsed.unmapped[:3])})"
        if parsed.unmapped
        else ""
    )
    low = f"{dropped:,} edges lie below min_score={min_score:g}" if dropped else ""
    reasons = "; ".join(r for r in (lost, low) if r) or "it holds a header and nothing else"
    raise InputError(f"Nothing of {path.name} could be stored: {reasons}.")


def only_used(
    parsed: Parsed, symbols: list[str | None], ensembl: list[str | None]
) -> tuple[Parsed, list[str], list[str | None]]:
    """Number the genes anew, so that only those which rows still name are registered."""
    ends = [c for c in ("source", "target", "gene") if c in parsed.rows.columns]
    used = pl.concat([parsed.rows[c] for c in ends]).unique().sort()
    rows = parsed.rows
    if len(used) < len(symbols):
        renumber = pl.col(ends).replace_strict(used, pl.arange(len(used), eager=True, dtype=pl.UInt32))
        rows = rows.with_columns(renumber)
    kept = used.to_list()
    named = [str(symbols[i]) for i in kept]
    return changed(parsed, rows=rows, names=[parsed.names[i] for i in kept]), named, [ensembl[i] for i in kept]


def prior_batches(rows: pl.DataFrame, genes: pl.DataFrame, name: str) -> Iterator[pa.RecordBatch]:
    """Rows of the table `priors`, gene ids written out a slice at a time so that memory stays bounded."""
    ids = genes["gene"]
    for part in rows.iter_slices(ROWS_AT_A_TIME):
        named = part.with_columns(
            pl.lit(name).alias("prior"),
            ids.gather(part["source"]).alias("source"),
            ids.gather(part["target"]).alias("target"),
        )
        yield from named.to_arrow(compat_level=pl.CompatLevel.oldest()).to_batches()


def set_rows(rows: pl.DataFrame, genes: pl.DataFrame, name: str) -> pl.DataFrame:
    """Rows of the table `gene_sets`."""
    named = rows.with_columns(genes["gene"].gather(rows["gene"]).alias("gene"), pl.lit(name).alias("collection"))
    return named.unique(["gene_set", "gene"], keep="first", maintain_order=True)

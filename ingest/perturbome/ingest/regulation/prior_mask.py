"""Support of regulator-target pairs by stored priors, as a mask for inference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.ingest.regulation.mask import Mask
from perturbome.ingest.words import many
from perturbome.platform.errors import NothingFound, UnknownName
from perturbome.platform.lake import Lake


def prior_mask(
    lake: Lake,
    priors: Sequence[str],
    genes: pl.DataFrame,
    regulators: NDArray[np.intp],
    kind: Literal["hard", "soft"],
) -> tuple[Mask, list[str], str]:
    """The mask [p, G] that stored priors make over a data set's pairs, the runs it was read from, and a sentence.

    Support of a pair is its largest score in any of the priors, 0 where none has it; an undirected edge supports both
    directions. `genes` has key and gene_index; `regulators` are columns.
    Raises UnknownName for a prior that is not stored, NothingFound where none of its edges joins a regulator to a gene.
    """
    edges = _edges(lake, priors)
    position = np.full(genes.height, -1)
    position[regulators] = np.arange(regulators.size)
    source, target = (_columns(edges[end].to_numpy(), genes) for end in ("source_key", "target_key"))
    score, undirected = edges["score"].to_numpy().astype(np.float64), ~edges["directed"].to_numpy()
    source, target = np.append(source, target[undirected]), np.append(target, source[undirected])
    score = np.append(score, score[undirected])
    inside = (source >= 0) & (target >= 0)
    source, target, score = source[inside], target[inside], score[inside]
    mine = (position[source] >= 0) & (source != target)
    support = np.zeros((regulators.size, genes.height))
    np.maximum.at(support, (position[source[mine]], target[mine]), np.clip(score[mine], 0.0, 1.0))
    n = int((support > 0).sum())
    if n == 0:
        raise NothingFound(
            f"No edge of {' and '.join(priors)} joins a regulator to a measured gene of the data set, so it supports "
            "nothing here. Take another prior, or name other regulators with --regulators."
        )
    use = "only they are considered" if kind == "hard" else "they count for more, the others for less"
    said = f"{' and '.join(priors)} supports {many(n, 'pair')} of {support.size:,}: {use}."
    return Mask(support, kind), sorted(set(edges["run"])), said


def _edges(lake: Lake, priors: Sequence[str]) -> pl.DataFrame:
    """Edges of these priors: run, source_key, target_key, directed, score."""
    check_priors(lake, priors)
    chosen = lake.scan("priors").filter(pl.col("prior").is_in(list(priors)))
    return chosen.select("run", "source_key", "target_key", "directed", "score").collect()


def check_priors(lake: Lake, priors: Sequence[str]) -> None:
    """UnknownName for a prior that is not stored."""
    stored: list[str] = []
    if lake.has("priors"):
        stored = sorted(lake.scan("priors").select(pl.col("prior").unique()).collect()["prior"])
    for name in priors:
        if name not in stored:
            raise UnknownName("prior", name, "the store", stored)


def _columns(keys: NDArray[np.integer], genes: pl.DataFrame) -> NDArray[np.intp]:
    """Columns of genes given by their keys, -1 where the data set does not measure them."""
    known = genes.sort("key")
    place = np.minimum(np.searchsorted(known["key"].to_numpy(), keys), genes.height - 1)
    found = known["key"].to_numpy()[place] == keys
    columns: NDArray[np.intp] = np.where(found, known["gene_index"].to_numpy()[place], -1).astype(np.intp)
    return columns

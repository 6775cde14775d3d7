"""What caused this change: genes ranked as causes of the difference between two groups of cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from perturbome.models.conditions import ALL, choose_dataset, in_context
from perturbome.models.contracts import Ranking, TargetModel
from perturbome.models.groups import perturbation_labels, require_cells, select_cells
from perturbome.models.moments import Moments, group_moments, welch
from perturbome.models.ordering import ranks
from perturbome.models.registry import find_model
from perturbome.models.regulation import read_network
from perturbome.models.spread import read_strata
from perturbome.platform.errors import InputError
from perturbome.platform.progress import Report, silent

if TYPE_CHECKING:
    from perturbome.platform.store import Store


@dataclass(frozen=True)
class TargetResult:
    """Ranked causes of one contrast, best first."""

    run: str | None
    contrast: str
    model: str
    table: pl.DataFrame  # rank, gene, symbol, score, q, direction, own_delta, own_t
    n_before: int
    n_after: int
    said: tuple[str, ...] = ()


def rank_targets(
    store: Store, before: str, after: str, *, dataset: str | None = None, context: str | None = None,
    model: str = "inversion", genes: Sequence[str] | None = None, run: str | None = None, seed: int = 0,
    write: bool = True, report: Report = silent,
) -> TargetResult:  # fmt: skip
    """Rank genes as causes of the change from one group of cells to another.

    `before` and `after` name groups: "control", a perturbation ("STAT1"), or "column=value" ("time=0",
    "cell_type=B cells"); several conditions are joined by " & ". `model` is "inversion" (network), "regulon" (direct
    targets) or "difference" (own expression). `genes` keeps the ranking to these candidates. direction says whether
    the change looks as if the gene went down or up.

    Raises UnknownName for names the data set does not hold, NothingFound where a group has fewer than three cells
    or a model needs regulation that nobody has inferred, InputError where both groups are the same.
    """
    started = datetime.now(UTC)
    record = find_model(model, "target")
    dataset = choose_dataset(store, dataset)
    expression = store.expression(dataset)
    ids = expression.genes["gene"].to_list()
    rows = store.lake.scan("perturbations", [expression.dataset["run"]]).filter(pl.col("dataset") == dataset)
    labels = perturbation_labels(rows.collect(), dict(store.genes().select("gene", "symbol").iter_rows()))
    inside = in_context(expression, context)
    groups = [select_cells(expression, text, labels) & inside for text in (before, after)]
    for text, chosen in zip((before, after), groups, strict=True):
        require_cells(chosen, text, dataset, context or ALL)
    if (groups[0] == groups[1]).all():
        raise InputError(f"'{before}' and '{after}' are the same cells of '{dataset}': there is no change to explain.")
    both = int((groups[0] & groups[1]).sum())
    if both:
        raise InputError(
            f"{both} cells of '{dataset}' are in both '{before}' and '{after}'. Make the groups disjoint, "
            "as in 'control & time=0'."
        )
    moments = group_moments(expression.X, np.where(groups[0], 0, np.where(groups[1], 1, -1)), 2)

    said: tuple[str, ...] = ()
    options: dict[str, Any] = {}
    parents: list[str] = []
    if "regulation" in record.needs:
        stored = read_network(store, dataset, ids, context, run)
        options["network"] = stored.network
        said, parents = stored.said, [stored.run]
        if record.name == "inversion":
            options |= {"seed": seed, "spread": stored.unit(read_strata(expression, inside))}
    ranker: TargetModel = record.factory(**options)
    found = ranker.rank(moments[np.array([0])], moments[np.array([1])], ids)
    if genes is not None:
        found = _keep(found, [store.find_gene(name)["gene"] for name in genes])
    table = _table(found, moments, ids, expression.genes["symbol"].to_list())
    contrast = f"{dataset}: {before} -> {after}" + (f" in {context}" if context not in (None, ALL) else "")
    sizes = int(groups[0].sum()), int(groups[1].sum())
    if not write:
        return TargetResult(None, contrast, record.name, table, *sizes, said)
    configuration = {"before": before, "after": after, "context": context or ALL, "model": record.name,
                     "genes": None if genes is None else list(genes), "seed": seed,
                     "regulation": parents[0] if parents else None}  # fmt: skip
    with store.run(
        "rank", name=f"causes of {before} -> {after} in {dataset}", configuration=configuration, parents=parents,
        datasets=[dataset], started=started, report=report,
    ) as writer:  # fmt: skip
        writer.write(
            "contrasts",
            pl.DataFrame({"dataset": [dataset], "contrast": [contrast], "before": [before], "after": [after],
                          "context": [context or ALL], "n_before": [sizes[0]], "n_after": [sizes[1]]}),
        )  # fmt: skip
        writer.write(
            "targets",
            table.select("gene", "score", "rank", "q").with_columns(
                pl.lit(contrast).alias("contrast"), pl.lit(record.name).alias("model")
            ),
        )
    return TargetResult(writer.id, contrast, record.name, table, *sizes, said)


def _keep(ranking: Ranking, genes: Sequence[str]) -> Ranking:
    """The same scores among fewer candidates."""
    at = np.array([i for i, gene in enumerate(ranking.genes) if gene in set(genes)], dtype=np.intp)
    score = ranking.score[at]
    return Ranking(
        tuple(ranking.genes[i] for i in at), score, ranks(score), ranking.q[at], ranking.direction[at], ranking.model
    )


def _table(ranking: Ranking, moments: Moments, ids: list[str], symbols: list[str]) -> pl.DataFrame:
    own = welch(moments[np.array([0])], moments[np.array([1])])
    place = {gene: i for i, gene in enumerate(ids)}
    at = np.array([place[g] for g in ranking.genes], dtype=np.intp)
    return pl.DataFrame(
        {
            "rank": ranking.rank.astype(np.int32),
            "gene": list(ranking.genes),
            "symbol": [symbols[i] for i in at],
            "score": ranking.score,
            "q": ranking.q,
            "direction": pl.Series(ranking.direction).replace_strict({-1: "down", 0: "unchanged", 1: "up"}),
            "own_delta": own.delta[0][at],
            "own_t": np.nan_to_num(own.t[0][at]),
        }
    ).sort("rank")

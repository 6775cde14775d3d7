"""`perturbome compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from perturbome.platform.console import JsonOption, StoreOption, say, show_json, show_table

if TYPE_CHECKING:
    import polars as pl

    from perturbome.ingest.comparison.compare import Compared


def register_compare(app: typer.Typer) -> None:
    """Add `compare`."""
    app.command("compare")(compare)


def compare(
    before: Annotated[str, typer.Argument(help="Run of a network, or the beginning of its id.", show_default=False)],
    after: Annotated[str, typer.Argument(help="Run of the other network; may be the same.", show_default=False)],
    cell_type: Annotated[str | None, typer.Option(help="Only this cell type.")] = None,
    time: Annotated[float | None, typer.Option(help="Only this time.")] = None,
    after_cell_type: Annotated[str | None, typer.Option(help="Cell type of the network after, if another one.")] = None,
    after_time: Annotated[float | None, typer.Option(help="Time of the network after, if another one.")] = None,
    pooled: Annotated[bool, typer.Option("--pooled", help="Take cell types and times of each run together.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="Most edges and most regulators shown.")] = 20,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Compare two networks: edges gained, lost, flipped and kept, and how alike they are.

    Example: perturbome compare 20261121T0917 20261122T1003 --limit 50

    Example: perturbome compare 20261121T0917 20261121T0917 --time 0 --after-time 24
    """
    from dataclasses import asdict

    from perturbome.ingest.comparison.compare import compare_networks
    from perturbome.platform.store import open_store

    with open_store(store, read_only=True) as opened:
        opened.require()
        found = compare_networks(
            opened,
            before,
            after,
            cell_type=cell_type if after_cell_type is None else (cell_type, after_cell_type),
            time=time if after_time is None else (time, after_time),
            pooled=pooled,
        )
    groups = [{k: v for k, v in asdict(g).items() if k != "numbers"} | asdict(g.numbers) for g in found.groups]
    edges, regulators = found.edges.head(limit), found.regulators.head(limit)
    if json:
        show_json(
            {
                "before": found.before, "after": found.after, "said": found.said, "groups": _without_nan(groups),
                "n_edges": found.edges.height, "edges": _without_nan(edges.to_dicts()),
                "n_regulators": found.regulators.height, "regulators": _without_nan(regulators.to_dicts()),
            }
        )  # fmt: skip
        return
    for sentence in found.said:
        say(sentence)
    _show_numbers(found.groups)
    _show_changes(regulators, edges, found.regulators.height, found.edges.height)


def _show_numbers(groups: list[Compared]) -> None:
    """Counts of edges and how alike the networks are, a line each."""
    import polars as pl

    from perturbome.ingest.comparison.sides import group_name

    names = [group_name((g.cell_type_before, g.time_before)) for g in groups]
    numbers = [g.numbers for g in groups]
    counts = [
        {
            "network": name, "before": n.edges_before, "after": n.edges_after, "kept": n.kept, "flipped": n.flipped,
            "gained": n.gained, "lost": n.lost, "ruled out": n.only_possible_before + n.only_possible_after,
        }
        for name, n in zip(names, numbers, strict=True)
    ]  # fmt: skip
    show_table(pl.DataFrame(counts), title="Edges; ruled out: only one of the two runs could have found them")
    alike = [
        {
            "network": name, "Jaccard": n.jaccard, "chance": n.jaccard_by_degree, "signs": n.same_sign,
            "rho": n.spearman_shared, "rho, union": n.spearman_union, "top 100": n.top_100, "top 1000": n.top_1000,
        }
        for name, n in zip(names, numbers, strict=True)
    ]  # fmt: skip
    show_table(
        pl.DataFrame(_without_nan(alike)), title="How alike; chance: the Jaccard index by numbers of edges alone"
    )


def _show_changes(regulators: pl.DataFrame, edges: pl.DataFrame, n_regulators: int, n_edges: int) -> None:
    """The regulators and the edges that changed most."""
    import polars as pl

    from perturbome.ingest.comparison.sides import group_name

    show_table(
        regulators.select(
            pl.col("source_symbol").alias("regulator"), pl.col("targets_before").alias("before"),
            pl.col("targets_after").alias("after"), "gained", "lost", "flipped", "kept",
            pl.col("jaccard").alias("Jaccard"),
        ),
        title=f"Targets of the regulators that changed most, {regulators.height:,} of {n_regulators:,}",
    )  # fmt: skip
    networks = [group_name(row) for row in edges.select("cell_type", "time").iter_rows()]
    show_table(
        edges.select(
            pl.Series("network", networks, dtype=pl.String), pl.col("source_symbol").alias("regulator"),
            pl.col("target_symbol").alias("target"), pl.coalesce("reason", "change").alias("change"),
            pl.col("weight_before").alias("before"), pl.col("weight_after").alias("after"), "difference",
        ),
        title=f"Edges that changed most, {edges.height:,} of {n_edges:,} (more with --limit)",
    )  # fmt: skip


def _without_nan(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Rows with null for what is not defined: JSON knows no NaN."""
    return [{name: None if value != value else value for name, value in row.items()} for row in rows]  # noqa: PLR0124

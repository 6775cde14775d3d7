"""`perturbome compare`."""

from __future__ import annotations

from typing import Annotated

import typer

from perturbome.platform.console import JsonOption, StoreOption, say, show_json, show_table


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
    import polars as pl

    for sentence in found.said:
        say(sentence)
    numbers = pl.DataFrame(_without_nan(groups), infer_schema_length=None).rename(
        {"cell_type_before": "cell type", "time_before": "time", "edges_before": "before", "edges_after": "after"}
    )
    counts = ["kept", "flipped", "gained", "lost", "only_possible_before", "only_possible_after"]
    show_table(numbers.select("cell type", "time", "before", "after", *counts), title="Edges")
    alike = ["jaccard", "jaccard_by_degree", "same_sign", "spearman_union", "spearman_shared", "top_100", "top_1000"]
    show_table(numbers.select("cell type", "time", *alike), title="How alike")
    show_table(
        regulators.drop("source").rename({"source_symbol": "regulator"}).select("regulator", pl.exclude("regulator")),
        title=f"Regulators whose targets changed most, {regulators.height} of {found.regulators.height:,}",
    )
    shown = ["cell_type", "time", "source_symbol", "target_symbol", "change", "reason", "weight_before", "weight_after"]
    show_table(
        edges.select(*shown, "difference").rename({"source_symbol": "regulator", "target_symbol": "target"}),
        title=f"Edges that changed most, {edges.height} of {found.edges.height:,} (more with --limit)",
    )


def _without_nan(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Rows with null for what is not defined: JSON knows no NaN."""
    return [{name: None if value != value else value for name, value in row.items()} for row in rows]  # noqa: PLR0124

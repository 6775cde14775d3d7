"""The strongest differences between two networks as something to draw: which edges, and where their genes stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
import polars as pl

from perturbome.app.neighbourhood import SEED, apart, to_pixels

MOST_NODES = 200
DRAWN = ("gained", "lost", "sign flipped")
KEPT = "kept"
PULL = {True: 1.0, False: 0.3}
"""How an edge pulls its genes together: one that changed, one that was kept."""

ROOM = 24.0
"""Pixels between neighbours, so that the edge between them is seen."""


@dataclass(frozen=True)
class Differences:
    """Edges to draw and the symbols they join; `left_out` says how many changed edges were cut away."""

    edges: pl.DataFrame  # as `NetworkComparison.edges`
    left_out: int

    @property
    def symbols(self) -> list[str]:
        """Genes by name."""
        return sorted({*self.edges["source_symbol"], *self.edges["target_symbol"]})

    @property
    def regulators(self) -> set[str]:
        """Genes at the tail of an edge drawn."""
        return set(self.edges["source_symbol"])


def strongest_differences(
    edges: pl.DataFrame, most: int, *, gene: str | None = None, with_kept: bool = True, most_nodes: int = MOST_NODES
) -> Differences:
    """The `most` edges that changed most, between at most `most_nodes` genes, and edges kept between these genes.

    `edges` come with the largest difference first. `gene` (a symbol) leaves its own edges only. Edges that one of the
    runs ruled out are no change and are not drawn.
    """
    ends = ("source_symbol", "target_symbol")
    changed = edges.filter(pl.col("change").is_in(DRAWN))
    if gene is not None:
        changed = changed.filter(pl.any_horizontal(pl.col(end) == gene for end in ends))
    seen: set[str] = {gene} if gene is not None else set()
    rows: list[dict[str, Any]] = []
    for row in changed.iter_rows(named=True):
        joined = seen | {row[end] for end in ends}
        if len(rows) == most:
            break
        if len(joined) <= most_nodes:
            seen = joined
            rows.append(row)
    drawn = pl.DataFrame(rows, schema=edges.schema)
    if with_kept:
        inside = (pl.col("change") == KEPT) & pl.all_horizontal(pl.col(end).is_in(seen) for end in ends)
        strength = pl.max_horizontal("strength_before", "strength_after")
        kept = edges.filter(inside).sort(strength, *ends, descending=[True, False, False]).head(most)
        drawn = pl.concat([drawn, kept])
    return Differences(drawn, changed.height - len(rows))


def places(found: Differences, sizes: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Where each gene stands, in pixels, none on another; genes joined by a changed edge stand near each other.

    A spring layout of what is drawn. `sizes` are widths and heights in pixels.
    """
    graph = nx.Graph()
    graph.add_nodes_from(found.symbols)
    for source, target, change in found.edges.select("source_symbol", "target_symbol", "change").iter_rows():
        if source != target:
            pull = max(PULL[change != KEPT], graph.get_edge_data(source, target, {}).get("weight", 0.0))
            graph.add_edge(source, target, weight=pull)
    if len(graph) < 2:
        return dict.fromkeys(found.symbols, (0.0, 0.0))
    distance = 2.2 / len(graph) ** 0.5
    placed = nx.spring_layout(graph, k=distance, iterations=100, seed=SEED, method="force")
    at = np.array([placed[symbol] for symbol in found.symbols])  # [n, 2]
    # Half the way to even spacing, so that one gene far off does not press the others together.
    even = at.argsort(axis=0).argsort(axis=0) / (len(at) - 1)
    at = (at - at.min(axis=0)) / np.maximum(np.ptp(at, axis=0), 1e-9) + even
    room = {symbol: (width + ROOM, height + ROOM / 2) for symbol, (width, height) in sizes.items()}
    return apart(to_pixels({s: (float(x), float(y)) for s, (x, y) in zip(found.symbols, at, strict=True)}), room)

"""A gene's neighbourhood as something to draw: one edge per pair and kind, the strongest kept, places computed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import networkx as nx
import numpy as np
import polars as pl

MOST_NODES = 300
WIDTH, HEIGHT = 1120.0, 560.0
SEED = 7
PULL = {"regulates": 1.0, "prior": 0.4, "between": 0.06}
GAP = 8.0
PUSHES = 200


@dataclass(frozen=True)
class Neighbourhood:
    """Edges to draw and the symbols they join; `left_out` says how many edges were cut away."""

    gene: str
    edges: pl.DataFrame  # source, target, kind ("regulates" or "prior"), sign, weight, directed, contexts
    left_out: int

    @property
    def symbols(self) -> list[str]:
        """The gene first, then its neighbours by name."""
        named = {*self.edges["source"], *self.edges["target"]} - {self.gene}
        return [self.gene, *sorted(named)]


def regulation_edges(rows: pl.DataFrame) -> pl.DataFrame:
    """One edge per regulator and target: the strongest of all cell types and times, and in how many it was found."""
    return (
        rows.sort(pl.col("weight").abs(), descending=True, maintain_order=True)
        .group_by("source", "target", maintain_order=True)
        .agg(pl.col("sign", "weight").first().cast(pl.Float64), pl.len().cast(pl.Int64).alias("contexts"))
        .with_columns(pl.lit("regulates").alias("kind"), pl.lit(True).alias("directed"))
        .select("source", "target", "kind", "sign", "weight", "directed", "contexts")
    )


def prior_edges(rows: pl.DataFrame) -> pl.DataFrame:
    """One edge per pair that priors name; an association is drawn once, without an arrow."""
    first, second = pl.min_horizontal("source", "target"), pl.max_horizontal("source", "target")
    return (
        rows.with_columns(
            pl.when("directed").then("source").otherwise(first).alias("source"),
            pl.when("directed").then("target").otherwise(second).alias("target"),
        )
        .sort("score", descending=True, nulls_last=True, maintain_order=True)
        .group_by("source", "target", "directed", maintain_order=True)
        .agg(
            pl.col("sign").first().cast(pl.Float64),
            pl.col("score").max().cast(pl.Float64).alias("weight"),
            pl.col("prior").n_unique().cast(pl.Int64).alias("contexts"),
        )
        .with_columns(pl.lit("prior").alias("kind"))
        .select("source", "target", "kind", "sign", "weight", "directed", "contexts")
    )


def cut(gene: str, edges: pl.DataFrame, most: int, most_nodes: int = MOST_NODES) -> Neighbourhood:
    """The strongest edges: at most `most` that the gene has itself, of its priors, and between its neighbours.

    Edges that would bring in more than `most_nodes` genes are left out as well.
    """
    own = (pl.col("source") == gene) | (pl.col("target") == gene)
    ranked = edges.sort(pl.col("weight").abs(), descending=True, nulls_last=True, maintain_order=True)
    inferred = pl.col("kind") == "regulates"
    mine = pl.concat([ranked.filter(own & inferred).head(most), ranked.filter(own & ~inferred).head(most)])
    near = {*mine["source"], *mine["target"]}
    inside = ~own & pl.col("source").is_in(near) & pl.col("target").is_in(near)
    seen: set[str] = {gene}
    rows = []
    for row in pl.concat([mine, ranked.filter(inside).head(most)]).iter_rows(named=True):
        ends = {row["source"], row["target"]}
        if len(seen | ends) <= most_nodes:
            seen |= ends
            rows.append(row)
    return Neighbourhood(gene, pl.DataFrame(rows, schema=edges.schema), edges.height - len(rows))


def positions(found: Neighbourhood, sizes: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Where each gene stands, in pixels, none on another: regulators start left of the gene, targets to its right.

    A spring layout in which the gene's own edges pull most, so that neighbours that know each other do not crowd it.
    `sizes` are widths and heights in pixels.
    """
    graph = nx.Graph()
    graph.add_nodes_from(found.symbols)
    for row in found.edges.iter_rows(named=True):
        if row["source"] != row["target"]:
            own = found.gene in (row["source"], row["target"])
            graph.add_edge(row["source"], row["target"], weight=PULL[row["kind"]] if own else PULL["between"])
    if graph.number_of_nodes() == 1:
        return {found.gene: (WIDTH / 2, HEIGHT / 2)}
    distance = 2.4 / graph.number_of_nodes() ** 0.5
    placed = nx.spring_layout(
        graph, pos=_sides(found), fixed=[found.gene], k=distance, iterations=60, seed=SEED, method="force"
    )
    return apart(to_pixels({symbol: (float(x), float(y)) for symbol, (x, y) in placed.items()}), sizes, found.gene)


def apart(
    places: dict[str, tuple[float, float]], sizes: Mapping[str, tuple[float, float]], fixed: str | None = None
) -> dict[str, tuple[float, float]]:
    """Push plates that overlap apart, along the shorter way, until none does or it has been tried often enough.

    `sizes` are widths and heights in pixels; the plate `fixed` stays where it is.
    """
    symbols = list(places)
    at = np.array([places[symbol] for symbol in symbols])  # [n, 2]
    half = np.array([sizes[symbol] for symbol in symbols]) / 2 + GAP / 2
    moves = np.array([symbol != fixed for symbol in symbols])
    ahead = np.triu(np.ones((len(symbols), len(symbols))), 1) - np.tril(np.ones((len(symbols), len(symbols))), -1)
    for _ in range(PUSHES):
        way = at[:, None] - at[None]  # [n, n, 2]
        depth = half[:, None] + half[None] - np.abs(way)
        np.einsum("iid->id", depth)[:] = 0  # nothing is in its own way
        overlap = (depth > 0).all(axis=2)
        if not overlap.any():
            break
        side = np.where(way == 0, ahead[..., None], np.sign(way))
        shorter = np.arange(2) == depth.argmin(axis=2)[..., None]
        push = np.where(overlap[..., None] & shorter, side * depth, 0).sum(axis=1) / 2
        at += np.where(moves[:, None], push, 0)
    return {symbol: (float(x), float(y)) for symbol, (x, y) in zip(symbols, at, strict=True)}


def _sides(found: Neighbourhood) -> dict[str, tuple[float, float]]:
    """Regulators in a column on the left, targets on the right, those that are both above and below the gene."""
    edges = found.edges.filter(pl.col("kind") == "regulates")
    regulators = set(edges.filter(pl.col("target") == found.gene)["source"])
    targets = set(edges.filter(pl.col("source") == found.gene)["target"])
    sides: dict[float, list[str]] = {-1.0: [], 0.0: [], 1.0: []}
    for symbol in found.symbols[1:]:
        sides[float(symbol in targets) - float(symbol in regulators)].append(symbol)
    start = {found.gene: (0.0, 0.0)}
    for side, symbols in sides.items():
        for i, symbol in enumerate(symbols):
            height = 2 * (i + 0.5) / len(symbols) - 1
            start[symbol] = (
                side * (1 - 0.35 * height**2),
                height if side else 0.9 * (1 if i % 2 else -1) + 0.1 * height,
            )
    return start


def to_pixels(places: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Places stretched to the drawing's width and height."""
    xs, ys = zip(*places.values(), strict=True)
    width, height = max(xs) - min(xs) or 1.0, max(ys) - min(ys) or 1.0
    return {
        symbol: ((x - min(xs)) / width * WIDTH, (y - min(ys)) / height * HEIGHT) for symbol, (x, y) in places.items()
    }

"""From lake to graph: the rows of runs as parts that any engine can take, nodes first, in bounded batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from perturbome.platform.graph.base import Part
from perturbome.platform.graph.projection_nodes import nodes
from perturbome.platform.graph.projection_relationships import relationships
from perturbome.platform.graph.projection_source import Source
from perturbome.platform.lake.lake import Lake


def parts(lake: Lake, runs: Sequence[str]) -> Iterator[Part]:
    """Nodes, then relationships, of these complete runs.

    What a node says is gathered from all complete runs, so that it does not matter in which order, or in how many
    portions, runs are projected. Raises GraphError where a relationship's end is no node of the lake.
    """
    source = Source(lake, tuple(runs))
    yield from nodes(source)
    yield from relationships(source)

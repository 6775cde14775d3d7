"""Slices: the part of the graph a trainer reads, as arrays, cut from the lake or from a Cypher query."""

from perturbome.platform.slices.cut import cut
from perturbome.platform.slices.from_query import from_query
from perturbome.platform.slices.slice import GraphSlice

__all__ = ["GraphSlice", "cut", "from_query"]

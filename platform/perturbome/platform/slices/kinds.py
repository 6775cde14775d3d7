"""What can be cut from the lake: each kind of slice as a record of the table and columns it reads."""

from __future__ import annotations

from dataclasses import dataclass

CHANNELS = ("neighborhood", "fusion", "cooccurence", "coexpression", "experimental", "database", "textmining")
"""STRING's evidence channels."""


@dataclass(frozen=True)
class Kind:
    """A lake table read as edges."""

    table: str
    source: str
    target: str
    weight: str
    time: str | None
    relation: str | None  # column whose values are the relations
    name: str  # the graph's word for the edges, where there is no such column
    relations: tuple[str, ...]  # columns that may serve as the relation instead
    features: tuple[str, ...]  # columns that may be asked for as edge features
    cells: bool = False  # nodes are cells, and their ids are their keys


KINDS: dict[str, Kind] = {
    "regulation": Kind(
        "regulation", "source_key", "target_key", "weight", "time", "cell_type", "REGULATES",
        ("cell_type", "dataset"), ("sign", "p", "stability"),
    ),
    "priors": Kind(
        "priors", "source_key", "target_key", "score", None, "prior", "INTERACTS_WITH",
        ("prior",), ("sign", "directed", *CHANNELS),
    ),
    "transitions": Kind(
        "transitions", "source", "target", "weight", "source_time", None, "TRANSITIONS_TO",
        ("dataset",), ("target_time",), cells=True,
    ),
    "neighbours": Kind(
        "neighbours", "source", "target", "weight", "source_time", None, "NEAR",
        ("dataset",), ("distance", "target_time"), cells=True,
    ),
}  # fmt: skip

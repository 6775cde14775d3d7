"""What can be exported, and what an exporter is: the records every format speaks in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

if TYPE_CHECKING:
    from perturbome.platform.lake.expression import Expression

Shape = Literal["network", "table", "dataset"]


@dataclass(frozen=True)
class Network:
    """Genes and the edges between them, as regulation and priors hold them.

    `nodes`: id, symbol, organism, regulator. `edges`: source, target (ids), source_symbol, target_symbol, directed,
    sign, strength (|weight| or score) and all other columns of the lake's table.
    """

    name: str
    nodes: pl.DataFrame
    edges: pl.DataFrame

    @property
    def directed(self) -> bool:
        """False where no edge has a direction."""
        return bool(self.edges["directed"].any()) or self.edges.is_empty()

    def names(self) -> pl.Series:
        """A readable name per node: the symbol, or the id where the symbol is another node's as well."""
        doubled = self.nodes["symbol"].is_duplicated()
        return self.nodes.select(pl.when(doubled).then("id").otherwise("symbol")).to_series()


@dataclass(frozen=True)
class Exporter:
    """One format: its name, the file endings it is chosen by, what it can hold and how it is written."""

    name: str
    meaning: str
    endings: tuple[str, ...]
    network: Callable[[Network, Path], int] | None = None
    table: Callable[[pl.LazyFrame, Path], int] | None = None
    dataset: Callable[[Expression, Path], int] | None = None
    """Each writes a new file and returns how many edges, rows or cells it holds."""
    reference: str = ""

    def takes(self, shape: Shape) -> bool:
        """True if the format can hold this."""
        return getattr(self, shape) is not None


@dataclass(frozen=True)
class Exported:
    """What was written: file, format, what it holds, how many edges, rows or cells."""

    path: Path
    format: str
    what: str
    rows: int
    selection: dict[str, Any] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

"""A list of genes that knows whose cells it was made from, so that an audit can tell whether it leaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Purpose = Literal["features", "training", "scoring"]
"""What a list is for: which genes the data holds, what a model learns with, or only how its answers are scored."""


@dataclass(frozen=True)
class GeneList:
    """Genes chosen by looking at cells: which, how, and whose cells were looked at."""

    name: str
    genes: tuple[str, ...]  # ids, sorted
    how: str  # a sentence for the run's record
    looked_at: tuple[str, ...] = ()  # names of the conditions whose cells decided; controls not named
    purpose: Purpose = "features"

"""Finished cells of the table, kept in files until the benchmark is whole: an interrupted one goes on where it was."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import polars as pl

from perturbome.models.bench.plan import Cell
from perturbome.models.bench.run import Outcome
from perturbome.models.training.model_folder import replace_file


class Kept:
    """Outcomes by cell, in a folder; a file is there whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, cell: Cell) -> Outcome | None:
        """The outcome of a cell that is done, as `taken`; None for one that is not."""
        facts, scores = self._paths(cell)
        if not facts.exists() or not scores.exists():
            return None
        found = Outcome.from_facts(pl.read_parquet(scores), json.loads(facts.read_text(encoding="utf-8")))
        return replace(found, taken=True)

    def keep(self, cell: Cell, outcome: Outcome) -> None:
        """Write an outcome; its facts come last and say that it is whole."""
        self.folder.mkdir(parents=True, exist_ok=True)
        facts, scores = self._paths(cell)
        buffer = io.BytesIO()
        outcome.scores.write_parquet(buffer)
        replace_file(scores, buffer.getvalue())
        replace_file(facts, json.dumps(outcome.facts()).encode())

    def forget(self, cells: list[Cell]) -> None:
        """Remove the files of cells that the lake now holds."""
        for cell in cells:
            for path in self._paths(cell):
                path.unlink(missing_ok=True)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _paths(self, cell: Cell) -> tuple[Path, Path]:
        return self.folder / f"{cell.key}.json", self.folder / f"{cell.key}.parquet"

"""A condition: a perturbation in a context (a cell type, at a time), and the name it goes by in splits and files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from perturbome.platform.errors import InputError
from perturbome.platform.perturbation import Perturbation

ALL = "all"
"""The cell type of cells whose file names none, and of all cells together."""
_SEPARATOR = "::"
_RISKY = re.compile(r"%|:(?=:)|(?<=:):|^:|:$")
"""What a part of a name may not hold as it is: signs that could be taken for a separator or for what is written so."""


@dataclass(frozen=True)
class Context:
    """Where a perturbation was measured: a cell type and, in a time course, a time in the data set's unit."""

    cell_type: str = ALL
    time: float | None = None

    @property
    def name(self) -> str:
        """`CD4T`, or `CD4T::6` at time 6; a '::' or '%' inside a cell type is written %3A%3A or %25."""
        return _written(self.cell_type) + ("" if self.time is None else f"{_SEPARATOR}{self.time:.10g}")

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Condition:
    """What was done to cells, and in which context; the dose is part of the perturbation."""

    perturbation: Perturbation
    context: Context = Context()

    @property
    def name(self) -> str:
        """Canonical name, one for each condition: `knockout:A+B::CD4T`, `compound:JQ1@0.5::A549::24`."""
        return f"{_written(self.perturbation.id)}{_SEPARATOR}{self.context.name}"

    @property
    def targets(self) -> tuple[str, ...]:
        """Symbols of the perturbed genes, or the compound's name; sorted."""
        return self.perturbation.targets

    @property
    def dose(self) -> float | None:
        """Dose, in the data set's unit; None where there is none."""
        return self.perturbation.dose

    def __str__(self) -> str:
        return self.name

    @classmethod
    def parse(cls, name: str) -> Condition:
        """Read a canonical name back; InputError for any other text."""
        what, *where = name.split(_SEPARATOR)
        if len(where) not in (1, 2):
            raise InputError(
                f"'{name}' is no condition's name. One reads PERTURBATION::CELL TYPE or PERTURBATION::CELL TYPE::TIME, "
                "as in knockout:STAT1::CD4T::6."
            )
        try:
            time = float(where[1]) if len(where) == 2 else None
        except ValueError:
            raise InputError(f"The time of the condition '{name}' must be a number, not '{where[1]}'.") from None
        return cls(Perturbation.parse(unquote(what)), Context(unquote(where[0]), time))


def _written(text: str) -> str:
    """Text without the sign that separates the parts of a name."""
    return _RISKY.sub(lambda sign: f"%{ord(sign.group()):02X}", text)

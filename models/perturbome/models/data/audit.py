"""The leak audit: every way a test could leak into training is looked for, and a run that leaks is not made."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from perturbome.models.data.contract import PerturbationData
from perturbome.models.data.leaks import CHECKS
from perturbome.models.data.splits import Split
from perturbome.platform.errors import ModelError, UnknownName

MOST_SAID = 3


@dataclass(frozen=True)
class Finding:
    """The answer to one check: nothing said means that nothing leaks."""

    check: str
    must: str
    said: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.said

    def __str__(self) -> str:
        if self.clean:
            return f"{self.check}: clean, {self.must}."
        more = len(self.said) - MOST_SAID
        listed = "; ".join(self.said[:MOST_SAID]) + (f"; and {more} more" if more > 0 else "")
        return f"{self.check}: it must be that {self.must}, but {listed}."


class LeakFound(ModelError):
    """What is tested was seen in training, so no number made so would mean anything."""

    def __init__(self, findings: Collection[Finding], split: Split) -> None:
        self.findings = tuple(findings)
        listed = " ".join(str(f) for f in self.findings)
        super().__init__(
            f"The split '{split.name}' ({split.kind}) leaks. {listed} Mend the split: what stands on its sides is "
            "chosen with --split. Data that Python cut without it are cut anew: perturbation_data(..., split=split)."
        )


@dataclass(frozen=True)
class Audit:
    """What an audit found, for the record of a run."""

    split: str  # hash
    data: str  # hash
    findings: tuple[Finding, ...]

    @property
    def clean(self) -> bool:
        """Whether no check found anything."""
        return all(f.clean for f in self.findings)

    def configuration(self) -> dict[str, Any]:
        """What a run stores of it."""
        return {"split": self.split, "data": self.data, "found": {f.check: list(f.said) for f in self.findings}}


def audit(
    data: PerturbationData, split: Split | None = None, *, checks: Collection[str] | None = None, fail: bool = True
) -> Audit:
    """Look for every leak (`CHECKS`, or those named) between the sides of a split, by default the data's own.

    Raises LeakFound naming all of them, unless told not to fail; UnknownName for a condition that the data does not
    hold or a check that there is not; ModelError without a split.
    """
    split = data.split if split is None else split
    if split is None:
        raise ModelError("There is no split to audit. Give one: audit(data, split).")
    for name in checks or ():
        if name not in CHECKS:
            raise UnknownName("check", name, "the audit", list(CHECKS))
    data.rows(split.names)
    chosen = [c for c in CHECKS.values() if checks is None or c.name in checks]
    findings = tuple(Finding(c.name, c.must, tuple(c.find(data, split))) for c in chosen)
    found = [f for f in findings if not f.clean]
    if found and fail:
        raise LeakFound(found, split)
    return Audit(split.hash, data.hash, findings)

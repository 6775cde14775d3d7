"""Whether equal sums over cells tell to what counts were scaled, or would be equal whatever was done to the values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

CONSTANT = 0.01  # coefficient of variation below which sums over cells count as constant
_ALSO = 10.0  # another reading whose sums vary less than so many times as much fits as well
_EXACT = 1e-6  # what rounding in float32 leaves of sums that are equal
_ROUND = 1e-3  # distance from a power of ten within which a library size was chosen by somebody


@dataclass(frozen=True)
class EqualSums:
    """The coefficient of variation over cells of the sums of the values, and their mean, by how values are read.

    Scaling to one library size makes sums equal in one reading: as the values are, or after taking back the right
    logarithm. Where they are as equal in another one too, every cell holds about the same values in another order
    (quantile normalisation), and the sums tell nothing.
    """

    spread: dict[str, float]
    mean: dict[str, float]

    @classmethod
    def of(cls, matrix: sp.csr_matrix, bases: dict[str, float]) -> EqualSums:
        """From values of 0 or more; `bases` are those of the logarithms that may be taken back."""
        readings = {
            "as it is": matrix.data, "log": np.log1p(matrix.data),
            **{name: np.expm1(matrix.data * np.log(base)) for name, base in bases.items()},
        }  # fmt: skip
        sums = {name: sums_of(matrix, data) for name, data in readings.items()}
        return cls({k: _spread(v) for k, v in sums.items()}, {k: float(v.mean()) for k, v in sums.items() if len(v)})

    def tell(self, reading: str) -> bool:
        """Whether sums equal in this reading speak for it: they are 10^k, or in no other are they as equal."""
        chosen = abs(self.mean[reading] / 10 ** np.rint(np.log10(self.mean[reading])) - 1) < _ROUND
        return bool(chosen) or not self._also(reading)

    @property
    def whatever(self) -> bool:
        """Whether sums are equal as the values are, and as equal under another reading."""
        return self.spread["as it is"] < CONSTANT and self._also("as it is")

    def _also(self, reading: str) -> bool:
        least = min(CONSTANT, _ALSO * max(self.spread[reading], _EXACT))
        return any(spread < least for name, spread in self.spread.items() if name != reading)


def sums_of(matrix: sp.csr_matrix, data: np.ndarray | None = None) -> np.ndarray:
    """Sums over cells [n] of the stored values, or of `data` in their place; cells without any are left out."""
    cell = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    sums = np.bincount(cell, matrix.data if data is None else data, matrix.shape[0])
    positive: np.ndarray = sums[sums > 0]
    return positive


def common_sum(matrix: sp.csr_matrix) -> float | None:
    """The sum that all cells share, as the round number it is meant for; None where sums differ."""
    sums = sums_of(matrix)
    if not len(sums) or _spread(sums) > CONSTANT:
        return None
    mean = float(np.median(sums))
    nearest = float(f"{mean:.1g}")
    return nearest if abs(nearest - mean) < 0.005 * mean else mean


def _spread(sums: np.ndarray) -> float:
    return float(sums.std() / sums.mean()) if len(sums) else np.inf

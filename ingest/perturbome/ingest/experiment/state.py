"""What the values of a matrix are: counts, normalised counts, their logarithm, or something else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse as sp

from perturbome.ingest.experiment.equal_sums import EqualSums, common_sum

State = Literal["counts", "normalised", "log1p", "other"]
STATES: tuple[State, ...] = ("counts", "normalised", "log1p", "other")
SCALE = 10_000.0
"""Counts are scaled to this library size before the logarithm."""

BASES = {"e": float(np.e), "2": 2.0, "10": 10.0}
_WHOLE = 0.01  # distance from a whole number that rounding in float32 explains
_LARGEST_LOG = 40.0  # log2 of 1e12: no logarithm of a count goes beyond
_DISTINCT = 3  # different fractional values, below which nothing speaks for a logarithm
_FEW = 3  # bad values that leave even a tiny matrix one of counts


@dataclass(frozen=True)
class Recognised:
    """The state of a matrix, the base of its logarithm, the library size it was scaled to, and why we think so."""

    state: State
    why: str
    base: str = "e"
    scale: float | None = None
    unscaled: bool = False
    negative: bool = False

    @property
    def unit(self) -> str:
        """The unit of what is stored, after normalisation."""
        if self.state == "counts":
            return f"log1p of counts per {SCALE:,.0f}"
        scaled = f"counts per {self.scale:,.0f}" if self.scale else "depth-normalised counts, scale not stated"
        if self.unscaled:
            scaled = "counts, not scaled"
        if self.state == "normalised":
            return f"log1p of {scaled}"
        if self.state == "log1p":
            return f"log1p of {scaled}" if self.base == "e" else f"log{self.base} of 1 + {scaled}"
        return "as in the file"


def recognise(sample: sp.csr_matrix, *, log_hint: bool = False, base_hint: str | None = None) -> Recognised:
    """Tell counts, normalised counts, log1p and other values apart from a sample of cells.

    Whole numbers are counts; so are they with a few bad values among them, which `check_values` then refuses by
    name: one slip of a pen must not leave a whole data set unnormalised. Counts divided by one factor per cell are
    recognised by what they keep: within a cell all values are whole multiples of the smallest (the cell's single
    count), or the sums over cells are constant; for a logarithm the same holds after taking it back (base e, 2 or
    10). Sums that are as equal in another reading are no evidence (see `EqualSums`). `log_hint` is uns['log1p'].
    """
    values = sample.data[np.isfinite(sample.data)].astype(np.float64)
    if not len(values) or not values.any():
        return Recognised("counts", "all values seen are zero")
    few = _counts_but_for(values[values != 0])
    if few:
        return Recognised("counts", f"all values seen are whole numbers but for {few}")
    if (values < 0).any():
        return Recognised("other", f"negative values, such as {values.min():.3g}", negative=True)
    if not (values % 1).any():
        return Recognised("counts", "all values seen are whole numbers")
    clean = _finite(sample)
    # Small whole numbers pass for log2 and log10 (2 is log2 of 1 + 3, 1 is log10 of 1 + 9): only others are evidence.
    telling = np.abs(clean.data - np.rint(clean.data)) > 1e-4
    sums = EqualSums.of(clean, BASES if values.max() <= _LARGEST_LOG else {})
    if values.max() <= _LARGEST_LOG and len(np.unique(clean.data[telling])) >= _DISTINCT:
        for name in dict.fromkeys([base_hint, "e", "2", "10"]):
            if name not in BASES:
                continue
            linear = clean.copy()
            linear.data = np.expm1(linear.data * np.log(BASES[name]))
            why, unscaled = _scaled_counts(linear, sums, name, telling)
            if why:
                taken_back = f"{why} after taking back log{'' if name == 'e' else name}(1 + x)"
                return Recognised("log1p", taken_back, name, common_sum(linear), unscaled)
    cell = np.repeat(np.arange(clean.shape[0]), np.diff(clean.indptr))
    why, unscaled = _scaled_counts(
        clean, sums, "as it is", np.isin(cell, cell[telling])
    )  # cells of whole numbers were not scaled
    if why and not unscaled:  # halves and thirds of counts are multiples too, but of the same number in every cell
        return Recognised("normalised", why, scale=common_sum(clean))
    if log_hint and values.max() <= _LARGEST_LOG:
        return Recognised("log1p", "uns['log1p'] is there", base_hint or "e")
    if sums.whatever:
        return Recognised("other", "every cell holds about the same values in another order, as after quantile "
                                   "normalisation: equal sums then tell of no scaling")  # fmt: skip
    return Recognised("other", "neither whole numbers nor counts scaled per cell, nor their logarithm")


def _counts_but_for(values: np.ndarray) -> str:
    """The bad values of what are plainly counts, in words; empty if there are none, or too many for counts.

    At most 1 % (in a tiny matrix: three, and 10 %) are fractions or negative, or all are whole and at most 10 % are
    negative, as where -1 stands for a missing value.
    """
    fractions, negative = values % 1 != 0, values < 0
    bad, n = int((fractions | negative).sum()), len(values)
    few = bad <= 0.01 * n or bad <= min(_FEW, 0.1 * n) or (not fractions.any() and bad <= 0.1 * n)
    return f"{bad} of {n:,}, such as {values[fractions | negative][0]:.3g}" if bad and few else ""


def _finite(sample: sp.csr_matrix) -> sp.csr_matrix:
    clean = sp.csr_matrix(sample, dtype=np.float64, copy=True)
    clean.data[~np.isfinite(clean.data)] = 0
    clean.eliminate_zeros()
    return clean


def _scaled_counts(
    matrix: sp.csr_matrix, sums: EqualSums, reading: str, telling: np.ndarray | None = None
) -> tuple[str, bool]:
    """Why the values can be counts scaled per cell (empty if they cannot), and whether the factor is always one.

    `reading` is how the values were read, for `sums`; `telling` [n_stored] says which stored values are evidence, all
    of them where it is None.
    """
    scale = common_sum(matrix)
    if scale is not None and matrix.shape[0] > 1 and sums.tell(reading):
        return f"every cell sums to {scale:,.0f}", False
    share, smallest = _multiples(matrix, telling)
    if share < 0.95:
        return "", False
    unscaled = bool(np.percentile(smallest, 90) < 1.01 * np.percentile(smallest, 10))
    return "within a cell all values are whole multiples of the smallest", unscaled


def _multiples(matrix: sp.csr_matrix, telling: np.ndarray | None = None) -> tuple[float, np.ndarray]:
    """Median over cells of the share of values that are whole multiples of the cell's smallest, and those smallest.

    The share is 0 where fewer than a tenth of the cells hold two different values: then nothing can be told.
    """
    shares, smallest = [], []
    for i in range(matrix.shape[0]):
        here = slice(matrix.indptr[i], matrix.indptr[i + 1])
        row = matrix.data[here]
        if len(row) < 3:
            continue
        ratios = row / row.min()
        if telling is not None:
            ratios = ratios[telling[here]]
        ratios = ratios[(ratios > 1.01) & (ratios < 200)]  # rounding would hide the difference beyond
        if len(ratios):
            tolerance = _WHOLE * np.maximum(1, ratios / 20)
            shares.append(float((np.abs(ratios - np.round(ratios)) < tolerance).mean()))
            smallest.append(float(row.min()))
    enough = len(shares) >= max(2, 0.1 * matrix.shape[0])
    return (float(np.median(shares)) if enough else 0.0), np.asarray(smallest)


def normalise(matrix: sp.csr_matrix, state: State) -> tuple[sp.csr_matrix, np.ndarray | None]:
    """Bring a piece into the stored unit, as float32; returns it with the library sizes (counts only, else None).

    counts: log(1 + 10,000 x / sum of the cell); normalised: log(1 + x); log1p and other: as they are.
    A cell without counts stays zero.
    """
    if state == "counts":
        totals = np.asarray(matrix.sum(axis=1, dtype=np.float64)).ravel()
        factors = np.divide(SCALE, totals, out=np.zeros_like(totals), where=totals > 0)
        values = np.log1p(matrix.data * np.repeat(factors, np.diff(matrix.indptr)))
    else:
        totals = None
        values = np.log1p(matrix.data.astype(np.float64)) if state == "normalised" else matrix.data
    out = sp.csr_matrix((values.astype(np.float32), matrix.indices, matrix.indptr), shape=matrix.shape)
    return out, totals

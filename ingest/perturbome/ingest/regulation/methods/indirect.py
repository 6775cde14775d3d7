"""Direct effects of perturbed genes: what of a change is not explained by the other genes that changed as well."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from perturbome.ingest.regulation.method import Floats
from perturbome.ingest.regulation.methods.chances import LEAST, LEAST_SLAB, TwoGroups
from perturbome.ingest.regulation.methods.effects import Effects

INEXACT = 0.4  # of what is predicted through intermediates may be wrong, in the perturbation's own cells
ELSEWHERE = 1.0  # and in cells in which the regulator changes without being perturbed itself
ELSEHOW = 0.1  # of a target's variance over perturbations may come about in ways no one knows
FAINT = 0.02  # chance of being real below which a change is taken for none
MOST_MORE = 1.5  # times its total effect that a direct one may be, when effects through others are worked out
RAISED = 3.0  # standard errors by which a perturbed gene must rise to have been activated
SEEN = 1.0  # standard errors of its own change from which a perturbed gene is known by what its perturbation does
CONFOUNDED, ASIDE = 0.5, 0.7  # share of what slopes over cells predict that is taken away, and that may be wrong
AT_ONCE = 1 << 22  # entries of [m, G] worked on together


@dataclass(frozen=True)
class Direct:
    """Direct effect of each perturbation on every gene [m, G], in the gene's unit, and its z; 0 on the gene itself."""

    effect: Floats
    z: Floats
    own: Floats  # [m], the perturbed gene's own change, 0 where none is seen in the direction of `sign`
    sign: Floats  # [m], +1 raised, -1 lowered


@dataclass(frozen=True)
class Slopes:
    """Change of every gene per unit of a regulator, others held, as seen over cells; 0 of a regulator on itself."""

    regulators: NDArray[np.intp]  # [p], columns
    slope: Floats  # [p, G]


def direct_effects(effects: Effects, slopes: Slopes | None = None) -> Direct:
    """Take away from each total effect what goes through other perturbed genes.

    T [m, G] are total effects with errors s, and `N_ik` is how much gene k changes when i is perturbed, as a share of
    its change o_k when it is perturbed itself. To first order perturbation i reaches target j through others by
    `U_ij = sum_k N_ik b_kj`, where b is the effect of k on j, so that the direct effect is `T_ij - U_ij`, with variance
    `w_ij^-1 = s_ij^2 + 0.4^2 sum_k (N_ik b_kj)^2 + 0.1 V_j`: predictions of a linear system are wrong by some share of
    their size, and targets that everything moves are moved in ways not accounted for (V_j, the variance of T_.j
    beyond noise). Perturbations i in which k changes speak of it as well, as a regression through `N_.k` has it:
    there the direct effect of k is what is left for it, `(T_ij - b_ij - U_ij + N_ik b_kj) / N_ik`, trusted less (1
    in place of 0.4, with b_ij among what may be wrong). The direct effect is the mean of all, by precision.

    What arrives at j by way of k leaves out what k owes to j itself, `N_ij N_jk`: else two genes that keep each other
    up would explain their common regulator away. V_j leaves out i.

    Regulators that were not perturbed, or whose own change is not seen, are known by `slopes` alone, which confounding
    and noise blur: half of what these predict from the regulator's change is taken away, and 0.7 of it may be wrong.

    b is the total effect first (shrunken by its chance of being real), which counts long paths more than once, and
    then the mean of that and of the direct effect found, as small systems of equations solved by halves. In the
    cells where j itself is perturbed it answers to that alone: they say nothing of j as a target. After Pinna,
    Soranzo and de la Fuente (2010), who leave out edges that a path explains; linear as in Hyttinen, Eberhardt and
    Hoyer (2012), whose exact solution noise and saturation do not survive.
    """
    m, n_genes = effects.delta.shape
    aimed, rows = effects.aimed, np.arange(effects.aimed.size)
    z = effects.delta / effects.error
    itself = np.zeros((m, n_genes), bool)
    itself[rows, aimed] = True
    sign = np.where(z[rows, aimed] > RAISED, 1.0, -1.0)
    seen = sign * z[rows, aimed] > SEEN
    own = np.where(seen, effects.delta[rows, aimed], 0.0)
    groups = TwoGroups.fit(z[~itself]) if m * n_genes > m else TwoGroups(LEAST, LEAST_SLAB)
    total = np.where(itself, 0.0, groups.shrunken(effects.delta, z))
    changed = np.where(groups.chance(z**2) < FAINT, 0.0, total)
    # Nothing lowers a gene by more than taking it away.
    share = own / (own**2 + effects.error[rows, aimed] ** 2)
    through = sparse.csr_matrix(np.clip(changed[:, aimed] * share, -1.0, 1.0))
    slopes = Slopes(np.empty(0, np.intp), np.empty((0, n_genes))) if slopes is None else slopes
    aside = ~np.isin(slopes.regulators, aimed[seen])
    moved = sparse.csr_matrix(changed[:, slopes.regulators[aside]])
    effect, sure = np.empty_like(z), np.empty_like(z)
    step = max(1, AT_ONCE // m)
    for start in range(0, n_genes, step):
        part = slice(start, start + step)
        looped = _Loops(through, np.flatnonzero((aimed >= start) & (aimed < start + step)), aimed, start)
        away, unsure = looped.arriving(moved, slopes.slope[aside, part])
        effect[:, part], sure[:, part] = _take_away(
            effects.delta[:, part] - CONFOUNDED * away, np.sqrt(effects.error[:, part] ** 2 + ASIDE**2 * unsure),
            total[:, part], itself[:, part], looped,
        )  # fmt: skip
    return Direct(effect, sure, own, sign)


class _Loops:
    """What arrives at some targets through other genes, but for what these owe to the target itself."""

    def __init__(self, through: sparse.csr_matrix, rows: NDArray[np.intp], aimed: NDArray[np.intp], start: int) -> None:
        self.through, self.rows, self.columns = through, rows, aimed[rows] - start
        self.held = through[:, rows].toarray()  # [m, q], change of the perturbed ones among the targets

    def arriving(self, moved: sparse.csr_matrix, b: Floats) -> tuple[Floats, Floats]:
        """Sum [m, g] of `(M_ik - N_ij M_jk) b_kj` over k, and of its squares, for changes M [m, q] and effects b."""
        squared = moved.power(2)
        sums, squares = moved @ b, squared @ b**2
        back, own = moved[self.rows].toarray(), b[:, self.columns]  # [q', q], [q, q']
        sums[:, self.columns] -= self.held * np.einsum("ck,kc->c", back, own)
        squares[:, self.columns] += self.held**2 * np.einsum("ck,kc->c", back**2, own**2)
        squares[:, self.columns] -= 2 * self.held * (moved @ (back.T * own**2))
        return sums, np.maximum(squares, 0.0)


def _take_away(
    delta: Floats, error: Floats, total: Floats, itself: NDArray[np.bool_], looped: _Loops
) -> tuple[Floats, Floats]:
    """Direct effects and their z [m, g] of some targets; see `direct_effects`."""
    through, squared = looped.through, looped.through.power(2)
    beyond = np.where(itself, 0.0, delta**2 - error**2)
    varied = np.maximum((beyond.sum(0) - beyond) / np.maximum((~itself).sum(0) - 1, 1), 0.0)
    known = error**2 + ELSEHOW * varied
    b = total
    for again in (False, True):
        explained, unsure = looped.arriving(through, b)
        w = np.where(itself, 0.0, 1 / (known + INEXACT**2 * unsure))
        elsewhere = np.where(itself, 0.0, 1 / (known + ELSEWHERE**2 * (unsure + b**2)))
        information = squared.T @ elsewhere
        left = through.T @ ((delta - b - explained) * elsewhere) + information * b
        precision = np.where(itself, 1.0, w + information)
        effect = np.where(itself, 0.0, ((delta - explained) * w + left) / precision)
        z = effect * np.sqrt(precision)
        if not again:
            found = effect * z**2 / (LEAST_SLAB + z**2)
            b = (total + np.sign(found) * np.minimum(np.abs(found), MOST_MORE * np.abs(total))) / 2
    return effect, z

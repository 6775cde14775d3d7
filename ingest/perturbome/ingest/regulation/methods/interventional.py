"""Regulation from measured perturbations: what a knock-out changes, less what it changes through other genes."""

from __future__ import annotations

import numpy as np
from scipy import special

from perturbome.ingest.regulation.method import Cells, Evidence, Floats, Options
from perturbome.ingest.regulation.methods.chances import agreement, reach, weighed
from perturbome.ingest.regulation.methods.company import company
from perturbome.ingest.regulation.methods.effects import Effects, Experiment
from perturbome.ingest.regulation.methods.indirect import direct_effects
from perturbome.ingest.regulation.methods.noise import SCARCE
from perturbome.ingest.regulation.moments import mean_and_sd
from perturbome.ingest.words import many
from perturbome.platform.hashing import uniforms


def interventional(cells: Cells, options: Options) -> Evidence:
    """Direct effect of each perturbed regulator on every gene, against control cells; NaN for regulators not perturbed.

    Total effects with moderated errors (`Experiment`), those through other genes taken away (`direct_effects`). Their z
    is weighed by how many targets a regulator has (`reach`) and by what cells that share a condition say of the pair
    (`company`, `agreement`): weights of mean 1, learnt from the z themselves, that leave p uniform where nothing
    regulates. Strength is |z|, and p its two-sided normal tail.

    Weight is the direct effect per standard deviation of the regulator over all cells given, `effect / own change *
    sd`. A regulator's own change is taken as one standard deviation at least, for an edited gene can lose its function
    and keep its transcript; so no weight is larger than the effect measured. Its sign is that of a perturbation that
    lowers, unless the regulator rises significantly (activation).

    Cells in which a gene without a column is perturbed too (`Cells.mixed`) are not looked at.

    Bootstraps are Bayesian within conditions (Rubin 1981); the mean of a condition of fewer than 5 cells is drawn
    from its noise instead, and what cells say without experiments stays.
    """
    mixed = cells.mixed
    aside = (_aside(int(mixed.sum())),) if mixed.any() else ()
    if aside:
        cells = cells.taken(np.flatnonzero(~mixed))
    experiment = Experiment.of(cells) if cells.intervened else None
    shape = (cells.regulators.size, len(cells.genes))
    if experiment is None or not experiment.told.any():
        nothing = np.full(shape, np.nan)
        why = _NOT_TOLD if experiment else _NO_NOISE if cells.intervened else _NOT_SEEN
        return Evidence(nothing, nothing, nothing, said=(*aside, why))
    effects = experiment.effects()
    own = cells.own[effects.aimed]
    known = np.flatnonzero(own >= 0)  # perturbed genes that may regulate
    sd = mean_and_sd(cells.X)[1]
    beside = company(cells, experiment.conditions, options)

    def signed_strength(effects: Effects) -> tuple[Floats, Floats]:
        """z [m, G] of a perturbation that raises its gene by its own change, and the weights."""
        direct = direct_effects(effects, beside.slopes)
        itself = np.zeros(direct.z.shape, bool)
        itself[np.arange(effects.aimed.size), effects.aimed] = True
        z = direct.z * np.expand_dims(direct.sign, 1)
        odds = reach(z, itself)
        if beside.witness is not None:
            odds = agreement(z, np.where(np.expand_dims(own >= 0, 1), beside.witness[own], 0.0), itself, odds)
        z = np.where(itself, 0.0, weighed(z, odds))
        fold = np.maximum(np.abs(direct.own) / np.maximum(sd[effects.aimed], 1e-12), 1.0)
        return z, direct.effect * np.expand_dims(direct.sign / fold, 1)

    def of_regulators(values: Floats) -> Floats:
        placed = np.full(shape, np.nan)
        placed[own[known]] = values[known]
        return placed

    z, weight = (of_regulators(values) for values in signed_strength(effects))

    def refit(b: int) -> Floats:
        return of_regulators(signed_strength(resampled(experiment, cells, options.seed, b))[0])

    return Evidence(
        weight, np.abs(z), 2 * special.ndtr(-np.abs(z)), refit if options.n_bootstraps else None,
        options.n_bootstraps, said=(*aside, *_remarks(cells, experiment, known.size)),
    )  # fmt: skip


def resampled(experiment: Experiment, cells: Cells, seed: int, b: int) -> Effects:
    """Effects of bootstrap b; draws follow the keys of cells and the names of genes, not the order of either."""
    conditions = experiment.conditions
    weight = -np.log(uniforms(cells.key, seed, 0, b))
    shake = None
    scarce = conditions.size < SCARCE
    if scarce.any():
        weight = np.where(scarce[conditions.of_cell] & (conditions.of_cell >= 0), 1.0, weight)
        names = np.array(cells.genes)
        perturbed = [tuple(sorted(names[conditions.aimed[s]])) for s in conditions.sets]
        rows = np.argsort(sorted(range(len(perturbed)), key=perturbed.__getitem__)) + 1
        columns = np.argsort(np.argsort(names))
        normal = np.random.default_rng((seed, 1, b)).standard_normal((scarce.size, names.size))
        shake = normal[np.concatenate([[0], rows])][:, columns] * scarce[:, None]
    return experiment.effects(weight, shake)


_NOT_SEEN = (
    "No cell is perturbed in genes that take part here and in no other, or none is a control: experiments say nothing."
)
_NO_NOISE = (
    "No two cells share a condition, and there are fewer than ten conditions: nothing tells an effect from noise."
)
_NOT_TOLD = "The perturbed genes were only ever perturbed together: their effects cannot be told apart."


def _aside(n: int) -> str:
    return (
        f"{many(n, 'cell was', 'cells were')} set aside, where a gene is perturbed, too, that was not measured, is "
        "constant or rare."
    )


def _remarks(cells: Cells, experiment: Experiment, n_known: int) -> tuple[str, ...]:
    """What a reader should know, one sentence a kind."""
    conditions = experiment.conditions
    said = []
    if n_known < cells.regulators.size:
        said.append(
            f"{n_known:,} of {many(cells.regulators.size, 'regulator')} were perturbed; of the others, experiments say "
            "nothing."
        )
    mixed = [cells.genes[c] for c in conditions.aimed[~experiment.told]]
    if mixed:
        said.append(f"Only ever perturbed together with others, and not told apart: {', '.join(mixed[:6])}.")
    scarce = int((conditions.size < SCARCE).sum())
    if scarce:
        said.append(
            f"{scarce:,} of {many(conditions.size.size, 'condition')} have fewer than {SCARCE} cells; bootstraps draw "
            "their means from the noise."
        )
    if float(np.median(experiment.trust)) < 0.95:
        said.append("Controls are few: perturbations that leave a gene alone also tell its unperturbed level.")
    return tuple(said)

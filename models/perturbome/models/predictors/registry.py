"""Every predictor as a record: to add one, write its file and name it here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from perturbome.models.predictors.averages import Additive, MatchingMean, NoChange, PerturbedMean
from perturbome.models.predictors.bilinear import ELSEWHERE, Bilinear
from perturbome.models.predictors.contract import Predictor
from perturbome.models.predictors.feature_regression import FeatureRegression
from perturbome.models.predictors.latent_additive import LatentAdditive
from perturbome.models.predictors.multi_hot import LinearAdditive
from perturbome.models.predictors.prior_kernel import PriorKernel
from perturbome.models.predictors.transfer import MeanShift
from perturbome.platform.errors import UnknownName

AHLMANN = "Ahlmann-Eltze et al. 2025, Nature Methods"
SYSTEMA = "Vinas Torne et al. 2025, Nature Biotechnology (Systema)"
CSENDES = "Csendes et al. 2025, BMC Genomics"
PERTURBENCH = "Wu et al. 2024 (PerturBench)"


@dataclass(frozen=True)
class Record:
    """A predictor's name, its number in the list of baselines, one line for the screen, what it needs, its source."""

    name: str
    id: str  # B0 to B8; K for the prior kernel
    meaning: str
    needs: tuple[str, ...]  # of "singles", "other contexts", "features"; without them it falls back and says so
    source: str
    factory: Callable[..., Predictor]  # takes the predictor's options by name
    closed_form: bool = False  # a baseline that a gated predictor may stand on


closed = partial(Record, closed_form=True)
GATED = "gated "


PREDICTORS: dict[str, Record] = {
    r.name: r
    for r in (
        closed("no change", "B0", "nothing changes", (), AHLMANN, NoChange),
        closed(
            "perturbed mean", "B1", "what training perturbations do on average", (), f"{SYSTEMA}; {CSENDES}",
            PerturbedMean,
        ),
        closed(
            "perturbed mean over cells", "B1", "what the average perturbed cell does", (), SYSTEMA,
            partial(PerturbedMean, by_cells=True),
        ),
        closed("matching mean", "B2", "the mean of the single effects", ("singles",), SYSTEMA, MatchingMean),
        closed("sum of single effects", "B3", "the sum of the single effects", ("singles",), AHLMANN, Additive),
        closed(
            "copied shift", "B4", "what the perturbation did in one other context", ("other contexts",),
            "the shift of Lotfollahi et al. 2019, Nature Methods (scGen), in expression", partial(MeanShift, "copy"),
        ),
        closed(
            "mean shift", "B4", "what the perturbation did in other contexts on average", ("other contexts",),
            "the shift of Lotfollahi et al. 2019, Nature Methods (scGen), in expression", partial(MeanShift, "average"),
        ),
        closed(
            "scaled mean shift", "B4", "what it did in other contexts, scaled gene by gene as shared ones tell",
            ("other contexts",), "Hoerl and Kennard 1970 for the ridge", MeanShift,
        ),
        closed(
            "bilinear ridge", "B5", "a linear model between genes and perturbed genes, both by their expression", (),
            AHLMANN, Bilinear,
        ),
        closed(
            "bilinear ridge, tuned", "B5", "the same, its penalty chosen by leaving training targets out", (), AHLMANN,
            partial(Bilinear, penalty=None),
        ),
        closed(
            "bilinear ridge across contexts", "B5", "the same, with perturbations by what they did elsewhere",
            ("other contexts",), AHLMANN, partial(Bilinear, ELSEWHERE),
        ),
        closed(
            "feature kernel ridge", "B6", "kernel ridge on what is known of the perturbed genes", ("features",),
            CSENDES, FeatureRegression,
        ),
        closed(
            "feature neighbours", "B6", "the mean of the perturbations of the likest genes", ("features",), CSENDES,
            partial(FeatureRegression, way="neighbours"),
        ),
        Record(
            "feature random forest", "B6", "a random forest on what is known of the perturbed genes", ("features",),
            CSENDES, partial(FeatureRegression, way="random forest"),
        ),
        Record(
            "feature elastic net", "B6", "a sparse linear model on what is known of the perturbed genes",
            ("features",), CSENDES, partial(FeatureRegression, way="elastic net"),
        ),
        Record(
            "latent additive", "B7", "a network that adds a code of the targets to a code of the control cells", (),
            PERTURBENCH, LatentAdditive,
        ),
        closed(
            "linear additive", "B8", "one effect for every target, fitted to singles and combinations together", (),
            PERTURBENCH, LinearAdditive,
        ),
        closed(
            "linear additive, softplus", "B8", "the same, in a unit in which nothing is expressed below zero", (),
            PERTURBENCH, partial(LinearAdditive, softplus=True),
        ),
        Record(
            "prior kernel", "K", "a Gaussian process over likeness by networks, gene sets, regulation and effects, "
            "and what edges to the measured genes tell",
            (), "Rasmussen and Williams 2006; Kondor and Lafferty 2002 for the diffusion", PriorKernel,
        ),
    )
}  # fmt: skip


def predictors(without: tuple[str, ...] = ()) -> list[Record]:
    """The predictors there are, but for those that need what is not there."""
    return [r for r in PREDICTORS.values() if not set(r.needs) & set(without)]


def make_predictor(name: str, **options: Any) -> Predictor:
    """The predictor of a record's name, or `gated NAME`: that of any record behind a gate on the best baseline.

    Options go by name: of a gated predictor's, those of `Gated` to the gate, all others to its model. UnknownName.
    """
    text = name.replace("-", " ", 1) if name.startswith("gated-") else name
    if not text.startswith(GATED):
        return find_predictor(text).factory(**options)
    from perturbome.models.predictors.gated import OPTIONS, Gated

    of_gate = {key: options.pop(key) for key in list(options) if key in OPTIONS}
    return Gated(partial(find_predictor(text.removeprefix(GATED)).factory, **options), **of_gate)


def find_predictor(name: str) -> Record:
    """The predictor of that name, with spaces or dashes; UnknownName lists them all."""
    for record in PREDICTORS.values():
        if name in (record.name, record.name.replace(" ", "-")):
            return record
    raise UnknownName("predictor", name, "the registry", list(PREDICTORS))

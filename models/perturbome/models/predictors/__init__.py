"""Closed-form predictors of what a perturbation does: the baselines B0 to B8, the kernel of prior knowledge, and
gated ones."""

from perturbome.platform.lazy import lazy_exports

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "Predictor": "perturbome.models.predictors.contract",
        "Predicted": "perturbome.models.predictors.contract",
        "Gated": "perturbome.models.predictors.gated",
        "Calibrated": "perturbome.models.predictors.intervals",
        "Features": "perturbome.models.predictors.features",
        "GeneMatrix": "perturbome.models.predictors.features",
        "GeneGraph": "perturbome.models.predictors.features",
        "control_loadings": "perturbome.models.predictors.loadings",
        "PREDICTORS": "perturbome.models.predictors.registry",
        "predictors": "perturbome.models.predictors.registry",
        "make_predictor": "perturbome.models.predictors.registry",
        "find_predictor": "perturbome.models.predictors.registry",
    },
)

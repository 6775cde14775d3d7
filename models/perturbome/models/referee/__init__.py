"""The referee: how good a predicted effect is, how good it could be, and whether it beats another."""

from perturbome.platform.lazy import lazy_exports

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "METRICS": "perturbome.models.referee.metrics",
        "Metric": "perturbome.models.referee.metrics",
        "find_metric": "perturbome.models.referee.metrics",
        "judge": "perturbome.models.referee.judging",
        "replicate": "perturbome.models.referee.ceiling",
        "paired_bootstrap": "perturbome.models.referee.paired",
        "compare": "perturbome.models.referee.rivals",
        "against_best": "perturbome.models.referee.rivals",
        "cell_eval_scores": "perturbome.models.referee.cell_eval",
    },
)

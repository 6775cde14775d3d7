"""Models: effects predicted and measured, causes of a change ranked, each beside its baseline."""

from perturbome.platform.lazy import lazy_exports

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "knockout": "perturbome.models.knockouts",
        "knockout_all": "perturbome.models.knockouts",
        "rank_targets": "perturbome.models.targets",
        "measure_effects": "perturbome.models.effects",
        "compare_with_measured": "perturbome.models.comparison",
        "models": "perturbome.models.registry",
        "train": "perturbome.models.training.train",
        "predict": "perturbome.models.training.predict",
        "bench": "perturbome.models.bench.bench",
    },
)

"""Measured perturbations as models and their judges see them: conditions, splits, single cells, and the leak audit."""

from perturbome.platform.lazy import lazy_exports

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "Condition": "perturbome.models.data.condition",
        "Context": "perturbome.models.data.condition",
        "PerturbationData": "perturbome.models.data.contract",
        "ConditionTable": "perturbome.models.data.table",
        "GeneList": "perturbome.models.data.gene_list",
        "Split": "perturbome.models.data.splits",
        "perturbation_data": "perturbome.models.data.build",
        "list_conditions": "perturbome.models.data.build",
        "from_arrays": "perturbome.models.data.arrays",
    },
)

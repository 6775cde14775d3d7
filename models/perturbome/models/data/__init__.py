"""Measured perturbations as models and their judges see them: conditions, splits, single cells, and the leak audit."""

from perturbome.platform.lazy import lazy_exports

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "Condition": "perturbome.models.data.condition",
        "Context": "perturbome.models.data.condition",
        "PerturbationData": "perturbome.models.data.contract",
        "TRUTH": "perturbome.models.data.control_halves",
        "PREDICTION": "perturbome.models.data.control_halves",
        "ConditionTable": "perturbome.models.data.table",
        "GeneList": "perturbome.models.data.gene_list",
        "differential_genes": "perturbome.models.data.changed_genes",
        "Batches": "perturbome.models.data.batches",
        "Split": "perturbome.models.data.splits",
        "unseen_single": "perturbome.models.data.split_makers",
        "unseen_double": "perturbome.models.data.split_makers",
        "unseen_context": "perturbome.models.data.split_makers",
        "unseen_dose": "perturbome.models.data.split_makers",
        "leave_one_target_out": "perturbome.models.data.split_makers",
        "k_fold": "perturbome.models.data.split_makers",
        "read_gears": "perturbome.models.data.split_files",
        "read_cell_load": "perturbome.models.data.cell_load",
        "perturbation_data": "perturbome.models.data.build",
        "list_conditions": "perturbome.models.data.build",
        "from_arrays": "perturbome.models.data.arrays",
        "LeakFound": "perturbome.models.data.audit",
    },
)

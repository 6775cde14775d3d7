"""Ingest: experiments and prior knowledge into the lake, regulation and transitions inferred, experiments simulated."""

from perturbome.platform.lazy import lazy_exports

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "add_experiment": "perturbome.ingest.experiment.add",
        "add_prior": "perturbome.ingest.priors.add",
        "compare_networks": "perturbome.ingest.comparison.compare",
        "infer_features": "perturbome.ingest.features.infer",
        "infer_regulation": "perturbome.ingest.regulation.infer",
        "infer_transitions": "perturbome.ingest.transitions.infer",
        "simulate": "perturbome.ingest.simulation.experiment",
    },
)

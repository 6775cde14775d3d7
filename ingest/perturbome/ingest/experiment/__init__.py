"""Experiments: a file of cells becomes a data set of the lake."""

from perturbome.platform.lazy import lazy_exports

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "add_experiment": "perturbome.ingest.experiment.add",
        "Ingested": "perturbome.ingest.experiment.add",
        "open_source": "perturbome.ingest.experiment.readers",
    },
)

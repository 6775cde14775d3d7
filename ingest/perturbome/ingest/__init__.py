"""Ingest: experiments and prior knowledge into the lake, regulation and transitions inferred, experiments simulated."""

import sys
from types import ModuleType

from perturbome.platform.lazy import lazy_exports

VERBS = {
    "add_experiment": "perturbome.ingest.experiment.add",
    "add_prior": "perturbome.ingest.priors.add",
    "infer_regulation": "perturbome.ingest.regulation.infer",
    "infer_transitions": "perturbome.ingest.transitions.infer",
    "simulate": "perturbome.ingest.simulate.experiment",
}
__getattr__, __dir__ = lazy_exports(__name__, VERBS)


class _Floor(ModuleType):
    """Keeps a verb a verb: importing the package `simulate` would otherwise hide the function of that name."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in VERBS and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Floor

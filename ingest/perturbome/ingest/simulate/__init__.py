"""The simulator. `perturbome.ingest.simulate` names both this package and its verb: calling the package simulates."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perturbome.ingest.simulate.experiment import Simulated


class _Verb(ModuleType):
    """A package that is called like the verb it holds.

    Importing a submodule sets it as an attribute of its parent, over the lazily loaded function of the same name;
    so whichever of the two `from perturbome.ingest import simulate` finds, it can be called.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Simulated:
        """See `perturbome.ingest.simulate.experiment.simulate`."""
        from perturbome.ingest.simulate.experiment import simulate

        return simulate(*args, **kwargs)


sys.modules[__name__].__class__ = _Verb

"""Every method of inference as a record: to add one, write its file and name it here."""

from __future__ import annotations

from perturbome.ingest.regulation.method import Method
from perturbome.platform.errors import UnknownName

_HERE = "perturbome.ingest.regulation.methods"

METHODS: dict[str, Method] = {
    m.name: m
    for m in (
        Method(
            "correlation", "each regulator with each target, one pair at a time", "Fisher 1921, Metron 1",
            f"{_HERE}.correlation:correlation", chunked=True,
        ),
        Method(
            "ridge", "every target on all regulators at once, in closed form",
            "Hoerl and Kennard 1970; test of Halawa and El Bassiouni 2000", f"{_HERE}.ridge:ridge",
            chunked=True, consensus=True, penalised=True,
        ),
        Method(
            "bayesian-ridge", "Bayesian ridge regression, bagged over cells", "after Kamimoto et al. 2023 (CellOracle)",
            f"{_HERE}.bayesian_ridge:bayesian_ridge", chunked=True,
        ),
        Method(
            "trees", "importance of each regulator in randomised trees", "after Huynh-Thu et al. 2010 (GENIE3)",
            f"{_HERE}.trees:trees", consensus=True,
        ),
        Method(
            "dynamic", "the change of each target in time on the levels of the regulators",
            "after Huynh-Thu and Geurts 2018 (dynGENIE3); Matsumoto et al. 2017 (SCODE)", f"{_HERE}.dynamic:dynamic",
            needs=frozenset({"time"}), consensus=True, ground="course", penalised=True,
        ),
        Method(
            "interventional", "effects of measured perturbations, indirect ones taken away",
            "after Pinna, Soranzo and de la Fuente 2010", f"{_HERE}.interventional:interventional",
            needs=frozenset({"perturbations"}), consensus=True, ground="intervention", penalised=True,
        ),
        Method(
            "consensus", "the other methods by rank, what was done counting most", "after Marbach et al. 2012 (DREAM5)",
            f"{_HERE}.consensus:consensus", penalised=True,
        ),
    )
}  # fmt: skip


def find_method(name: str) -> Method:
    """The method of that name; UnknownName lists those there are."""
    if name not in METHODS:
        raise UnknownName("method", name, "the registry of inference methods", list(METHODS))
    return METHODS[name]

"""The ground: schema, lake, graph engines, slices, runs, settings and the command line."""

from perturbome.platform.lazy import lazy_exports

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "Store": "perturbome.platform.store",
        "open_store": "perturbome.platform.store",
        "Perturbation": "perturbome.platform.perturbation",
        "GraphSlice": "perturbome.platform.slices",
        "export": "perturbome.platform.exports.write",
        "PerturbomeError": "perturbome.platform.errors",
    },
)

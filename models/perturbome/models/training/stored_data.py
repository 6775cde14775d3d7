"""What a predictor learns from as plain arrays and names, and back, bit by bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from perturbome.models.data.cells import Cells
from perturbome.models.data.condition import Condition, Context
from perturbome.models.data.contract import PerturbationData
from perturbome.models.data.gene_list import GeneList
from perturbome.models.data.split_choice import NOTHING, NoSplit
from perturbome.models.data.splits import Split
from perturbome.models.moments import Moments
from perturbome.models.predictors.features import Features, GeneGraph, GeneMatrix

Arrays = dict[str, NDArray[Any]]
Names = dict[str, Any]
PARTS = ("embeddings", "gene_sets", "networks", "regulation")
"""The parts of `Features`, in the order in which a predictor meets them."""


def data_arrays(data: PerturbationData) -> tuple[Arrays, Names]:
    """Hidden data as arrays and names; single cells stay behind. The split is stored apart."""
    arrays = {
        f"{group}.{name}": getattr(moments, name)
        for group, moments in (("treated", data.treated), ("controls", data.controls))
        for name in ("n", "total", "squares")
    }
    names = {
        "dataset": data.dataset, "unit": data.unit, "genes": list(data.genes), "symbols": list(data.symbols),
        "contexts": [c.name for c in data.contexts], "conditions": list(data.names), "seed": data.seed,
        "gene_choice": {"how": data.gene_choice.how, "looked_at": list(data.gene_choice.looked_at)},
        "said": list(data.said),
    }  # fmt: skip
    return arrays, names


def data_of(arrays: Mapping[str, NDArray[Any]], names: Mapping[str, Any], split: Split) -> PerturbationData:
    """The inverse of `data_arrays`; the data hold no cells."""
    conditions = tuple(Condition.parse(name) for name in names["conditions"])
    contexts = tuple(read_context(name) for name in names["contexts"])
    place = {c.name: i for i, c in enumerate(contexts)}
    genes, none = tuple(names["genes"]), np.zeros(0, dtype=np.uint64)
    treated, controls = (
        Moments(*(arrays[f"{group}.{name}"] for name in ("n", "total", "squares"))) for group in ("treated", "controls")
    )
    return PerturbationData(
        dataset=names["dataset"], unit=names["unit"], genes=genes, symbols=tuple(names["symbols"]), contexts=contexts,
        conditions=conditions, context=np.array([place[c.context.name] for c in conditions], dtype=np.intp),
        treated=treated, controls=controls,
        gene_choice=GeneList("genes", genes, names["gene_choice"]["how"], tuple(names["gene_choice"]["looked_at"])),
        seed=names["seed"],
        cells=Cells(none, none, np.zeros(0, np.int32), np.zeros(0, np.int32), len(conditions)), split=split,
        said=tuple(names["said"]),
    )  # fmt: skip


def feature_arrays(features: Features) -> tuple[Arrays, dict[str, Any]]:
    """Features as arrays, and of every part what it is, its name and its genes."""
    arrays: Arrays = {}
    names: list[dict[str, Any]] = []
    for part in PARTS:
        for name, matrix in getattr(features, part).items():
            values = matrix.weights if isinstance(matrix, GeneGraph) else matrix.values
            for what in ("indptr", "indices", "data"):
                arrays[f"features.{len(names)}.{what}"] = getattr(values, what)
            names.append({"part": part, "name": name, "genes": list(matrix.genes), "columns": values.shape[1]})
    return arrays, {"parts": names, "said": list(features.said)}


def features_of(arrays: Mapping[str, NDArray[Any]], names: Mapping[str, Any]) -> Features:
    """The inverse of `feature_arrays`."""
    parts: dict[str, dict[str, Any]] = {part: {} for part in PARTS}
    for k, entry in enumerate(names["parts"]):
        genes = tuple(entry["genes"])
        csr = tuple(arrays[f"features.{k}.{what}"] for what in ("data", "indices", "indptr"))
        values = sparse.csr_matrix(csr, shape=(len(genes), entry["columns"]))
        kind = GeneGraph if entry["part"] in ("networks", "regulation") else GeneMatrix
        parts[entry["part"]][entry["name"]] = kind(genes, values)
    return Features(**parts, said=tuple(names["said"]))


def split_of(stored: Mapping[str, Any]) -> Split:
    """The inverse of `Split.configuration`, also for a split that holds nothing out."""
    if stored.get("kind") == NOTHING:
        return NoSplit(NOTHING, NOTHING, tuple(stored["train"]), (), ())
    return Split.from_configuration(stored, "the model's config.json")


def read_context(name: str) -> Context:
    """A context by its name."""
    return Condition.parse(f"knockout:any::{name}").context

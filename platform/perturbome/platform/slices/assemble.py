"""From edges between keys to a GraphSlice: the one way in for every origin, so that equal edges give equal slices."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from perturbome.platform.slices.dense import densify
from perturbome.platform.slices.order import agreeing, ascending, settle_ties, sorting
from perturbome.platform.slices.slice import GraphSlice

Names = Callable[[np.ndarray], np.ndarray]
"""Ids [N] of node keys [N]."""


def assemble(
    source: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray,
    names: Names,
    *,
    bound: int | None = None,
    time: np.ndarray | None = None,
    relation: np.ndarray | None = None,
    relation_names: tuple[str, ...] = ("RELATED",),
    edge_features: Mapping[str, np.ndarray] | None = None,
    provenance: Mapping[str, object] | None = None,
) -> GraphSlice:
    """Index, order and pack edges; weight and features may be reordered in place.

    source, target: integer keys [E]; bound: a number above every key, where one is known; relation [E]: positions
    in the names. Keys and positions sort alike, so the order is that of the keys.
    """
    features = dict(edge_features or {})
    if time is not None and (not len(time) or np.isnan(time[0])) and np.isnan(time).all():
        time = None
    relation, relation_names = sorted_relations(relation, relation_names)
    node_keys, edges = densify(source, target, bound)
    order_by = [key for key in (time, source, target, relation) if key is not None]
    equal = ascending(order_by)
    if equal is None:
        order = sorting(order_by)
        equal = agreeing([key[order] for key in order_by])
        edges, weight = np.take(edges, order, axis=1), weight[order]
        time = None if time is None else time[order]
        relation = None if relation is None else relation[order]
        features = {name: values[order] for name, values in features.items()}
    settle_ties(equal, [weight, *features.values()])
    return GraphSlice(
        names(node_keys),
        node_keys,
        edges,
        weight,
        time,
        relation,
        relation_names,
        features,
        provenance=provenance or {},
        verify=False,
    )


def sorted_relations(codes: np.ndarray | None, names: tuple[str, ...]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Codes and names with the names sorted and only those in use; None for codes where one name is left."""
    if codes is None or not len(codes):
        return None, names[:1]
    used = np.flatnonzero(np.bincount(codes, minlength=len(names)))
    order = sorted(used.tolist(), key=lambda code: names[code])
    if len(order) == 1:
        return None, (names[order[0]],)
    renamed = np.zeros(len(names), np.int16)
    renamed[order] = np.arange(len(order), dtype=np.int16)
    return renamed[codes], tuple(names[code] for code in order)

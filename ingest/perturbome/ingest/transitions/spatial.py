"""Which cells lie beside which: nearest neighbours or a triangulation of their places, within a section and a time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay, QhullError, cKDTree

from perturbome.ingest.transitions.method import Cells, Edges, Found, Options, Positions
from perturbome.ingest.words import many
from perturbome.platform.errors import InputError

Floats = NDArray[np.float64]
Pairs = tuple[Positions, Positions]
TIE = 1e-9  # places this near to equally far are equally far
MOST_TIES = 4


def spatial(cells: Cells, options: Options) -> Found:
    """Pairs of cells near in space, each once, of the same section and time; see `near_pairs` and `triangulated`.

    With `across_time`, a cell is joined as well to its nearest places of the next time point, whatever the section:
    coordinates of all times are then taken for places of one and the same frame. Weight of a pair at distance d:
    exp(-d^2 / (2 s_i s_j)), s the median distance of a cell to those it is joined with in its own time. Raises
    InputError where no cell has coordinates.
    """
    known, place = _placed(cells.place)
    said = []
    if known.size < len(cells.time):
        said.append(f"{many(len(cells.time) - known.size, 'cell')} without coordinates left out.")
    group = np.unique(np.column_stack([cells.section[known], _codes(cells.time[known])]), axis=0, return_inverse=True)
    members = [known[group[1].ravel() == g] for g in range(len(group[0]))]
    pairs, alone, in_line = [], 0, 0
    for number, rows in enumerate(members):
        options.report("places", number, len(members))
        if rows.size < 2:
            alone += rows.size
            continue
        found = triangulated(place[rows]) if options.delaunay else near_pairs(place[rows], options.n_neighbors)
        if found is None:
            in_line += 1
            continue
        pairs.append((rows[found[0]], rows[found[1]]))
    options.report("places", len(members), len(members))
    if alone:
        said.append(f"{many(alone, 'cell')} alone in a section and time, without neighbours.")
    if in_line:
        said.append(
            f"{many(in_line, 'section')} with too few places, or all on one line, to triangulate: left without edges. "
            "Nearest neighbours need no area: leave --delaunay out."
        )
    source, target = _joined(pairs, len(place))
    scale = _scales(source, target, np.linalg.norm(place[source] - place[target], axis=1), len(place))
    if options.across_time:
        later = _across_time(cells.time, known, place, options.n_neighbors)
        if not later[0].size:
            said.append("There is one time at most, so no pair leads across time.")
        source, target = np.concatenate([source, later[0]]), np.concatenate([target, later[1]])
    distance = np.linalg.norm(place[source] - place[target], axis=1)
    if options.max_distance is not None:
        close = distance <= options.max_distance
        if not close.all():
            said.append(f"{many(int((~close).sum()), 'pair')} farther apart than {options.max_distance:g} left out.")
        source, target, distance = source[close], target[close], distance[close]
    said.append(_how(options))
    weight = np.exp(-(distance**2) / (2 * scale[source] * scale[target]))
    details = {
        "places": "Delaunay" if options.delaunay else "nearest", "across_time": options.across_time,
        "max_distance": options.max_distance, "dimensions": place.shape[1], "groups": len(members),
    }  # fmt: skip
    return Found(Edges(source, target, weight, distance), tuple(said), details)


def _how(options: Options) -> str:
    k = options.n_neighbors
    near = "one neighbour" if k == 1 else f"{k} neighbours"
    how = "that share a side of the triangulation" if options.delaunay else f"of which one is among the other's {near}"
    then = f", and each with its {near} at the next time" if options.across_time else ""
    return f"Paired are cells of a section and a time {how}{then} (each pair counts once)."


def near_pairs(place: Floats, k: int) -> Pairs:
    """Pairs of the places [n, d] of which one is among the k nearest of the other; equally far ones come together."""
    n = len(place)
    ask = min(k + 1 + MOST_TIES, n)
    distance, index = cKDTree(place).query(place, ask, workers=-1)
    limit = distance[:, min(k, ask - 1)] * (1 + TIE)
    row, column = np.nonzero((distance <= limit[:, None]) & (index != np.arange(n)[:, None]))
    return row, index[row, column].astype(np.intp)


def triangulated(place: Floats) -> Pairs | None:
    """Pairs of the places [n, d] that share a side of the Delaunay triangulation; None where it has no area.

    Cells in a place that another holds already are joined with that one.
    """
    if len(place) < place.shape[1] + 1:
        return None
    try:
        mesh = Delaunay(place)
    except QhullError:
        return None
    corners = mesh.simplices.shape[1]
    one, other = np.triu_indices(corners, 1)
    sides = np.concatenate([mesh.simplices[:, [i, j]] for i, j in zip(one, other, strict=True)])
    doubled = mesh.coplanar[:, [0, 2]]
    both = np.concatenate([sides, doubled]).astype(np.intp)
    return both[:, 0], both[:, 1]


def _placed(place: Floats) -> tuple[Positions, Floats]:
    """The cells with coordinates, and places [n, 2 or 3]: two where the third is missing or everywhere the same."""
    flat = np.isfinite(place[:, :2]).all(1)
    if not flat.any():
        raise InputError(
            "The data set has no coordinates, so no cell is near another. Ingest it again from a file with "
            "obsm['spatial'] (or name the embedding with --spatial-key)."
        )
    deep = np.isfinite(place[flat, 2])
    dimensions = 3 if deep.all() and np.unique(place[flat, 2]).size > 1 else 2
    return np.flatnonzero(flat), place[:, :dimensions]


def _codes(time: Floats) -> NDArray[np.intp]:
    """Times as numbers from 0; unknown ones are a time of their own."""
    return np.unique(time, return_inverse=True)[1].ravel()


def _joined(pairs: list[Pairs], n: int) -> Pairs:
    """All pairs of positions below n, each once, the smaller first."""
    if not pairs:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    one, other = (np.concatenate(ends) for ends in zip(*pairs, strict=True))
    once = np.unique(np.minimum(one, other) * n + np.maximum(one, other))
    return once // n, once % n


def _scales(source: Positions, target: Positions, distance: Floats, n: int) -> Floats:
    """Median distance of each cell to those it is joined with [n]; the overall median where that is 0 or nothing."""
    end = np.concatenate([source, target])
    both = np.concatenate([distance, distance])
    order = np.lexsort((both, end))
    count = np.bincount(end, minlength=n)
    first = np.cumsum(count) - count
    joined = np.flatnonzero(count)
    scale = np.zeros(n)
    scale[joined] = both[order][first[joined] + (count[joined] - 1) // 2]
    usual = float(np.median(distance[distance > 0])) if (distance > 0).any() else 1.0
    return np.where(scale > 0, scale, usual)


def _across_time(time: Floats, known: Positions, place: Floats, k: int) -> Pairs:
    """Each cell with its k nearest places of the next time point."""
    groups = [known[time[known] == point] for point in np.unique(time[known][np.isfinite(time[known])])]
    sources, targets = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
    for early, late in pairwise(groups):
        near = cKDTree(place[late]).query(place[early], min(k, late.size), workers=-1)[1].reshape(early.size, -1)
        sources.append(np.repeat(early, near.shape[1]))
        targets.append(late[near.ravel()])
    return np.concatenate(sources), np.concatenate(targets)

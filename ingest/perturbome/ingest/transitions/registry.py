"""Every method of cell-cell edges as a record: to add one, write its file and name it here."""

from __future__ import annotations

from perturbome.ingest.transitions.method import Method
from perturbome.platform.errors import UnknownName

_HERE = "perturbome.ingest.transitions"

METHODS: dict[str, Method] = {
    m.name: m
    for m in (
        Method(
            "transport", "where each time point's population goes at the next, by entropic optimal transport",
            "after Schiebinger et al. 2019 (Waddington-OT)", f"{_HERE}.transport:transport", clock="points",
        ),
        Method(
            "diffusion", "nearest cells that are later in pseudotime, weighed by an adaptive kernel",
            "after Setty et al. 2019 (Palantir)", f"{_HERE}.diffusion:diffusion", clock="any",
        ),
        Method(
            "knn", "nearest among the cells of the next time point, or of the time that follows",
            "adaptive kernel of Setty et al. 2019", f"{_HERE}.knn:knn", clock="any", n_neighbors=15,
        ),
        Method(
            "velocity", "neighbours that lie where a cell's RNA velocity points; read from --file",
            "after Bergen et al. 2020 (scVelo)", f"{_HERE}.velocity:velocity", clock="own",
        ),
        Method(
            "spatial", "pairs of cells side by side in the tissue, kept as neighbours and not as transitions",
            "nearest places, or Delaunay 1934", f"{_HERE}.spatial:spatial", clock="none", n_neighbors=6,
            table="neighbours",
        ),
    )
}  # fmt: skip


def find_method(name: str) -> Method:
    """The method of that name; UnknownName lists those there are."""
    if name not in METHODS:
        raise UnknownName("method", name, "the registry of cell-graph methods", list(METHODS))
    return METHODS[name]

"""From a store to a network model: the context's network, and ways in for targets that have no edges of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from perturbome.models.contracts import PerturbationData
from perturbome.models.network_model import NetworkModel
from perturbome.models.regulation import StoredNetwork, partner_push, prior_partners, read_network
from perturbome.platform.errors import NothingFound
from perturbome.platform.words import first_few

if TYPE_CHECKING:
    from perturbome.platform.perturbation import Perturbation
    from perturbome.platform.store import Store


@dataclass(frozen=True)
class Wiring:
    """What a network model needs from the store, and what must be said about targets without edges."""

    stored: StoredNetwork
    data: PerturbationData  # in the units of the network
    pushes: Mapping[str, NDArray[np.float64]]  # by symbol
    said: Mapping[str, str]  # by symbol

    def model(self, *, gated: bool = False, **options: Any) -> NetworkModel:
        """A network model on this wiring."""
        return NetworkModel(self.stored.network, gated=gated, pushes=self.pushes, **options)


def wire(store: Store, data: PerturbationData, perturbations: Iterable[Perturbation], run: str | None = None) -> Wiring:
    """Read the network, and for every target that regulates nothing in it its partners in the priors."""
    stored = read_network(store, data.dataset, data.genes, data.context, run)
    data = replace(data, spread=stored.unit(data.strata))
    index = {symbol: i for i, symbol in enumerate(data.symbols)}
    regulators = set(stored.network.regulators.tolist())
    bare = sorted(
        {t for p in perturbations if p.mode != "compound" or set(p.targets) & index.keys() for t in p.targets}
        - {data.symbols[r] for r in regulators}
    )
    genes = dict(store.genes().select("symbol", "gene").iter_rows())
    genes |= dict(zip(data.symbols, data.genes, strict=True))
    partners = prior_partners(store, [genes[s] for s in bare if s in genes]) if bare else {}
    pushes, said = {}, {}
    for symbol in bare:
        push = np.zeros(len(data.genes))
        if genes.get(symbol) in partners:
            push = partner_push(partners[genes[symbol]], data.genes, stored.network, data.spread)
        what = (
            "regulates nothing in the inferred network" if symbol in index else f"is not measured in '{data.dataset}'"
        )
        if push.any():
            pushes[symbol] = push
            through = [data.symbols[i] for i in np.argsort(-np.abs(push)) if push[i] != 0]
            said[symbol] = (
                f"{symbol} {what}: its effect enters through its partners in the priors ({first_few(through, 5)})."
            )
        elif symbol in index:
            said[symbol] = f"{symbol} {what}: the prediction is that only its own expression changes."
        else:
            said[symbol] = f"{symbol} {what} and no prior joins it to a regulator that is."
    return Wiring(stored, data, pushes, said)


def refuse_unreachable(wiring: Wiring, perturbation: Perturbation, data: PerturbationData) -> None:
    """NothingFound where no target of the perturbation can act on anything that was measured."""
    if any(t in data.symbols or t in wiring.pushes for t in perturbation.targets):
        return
    sentences = " ".join(wiring.said.get(t, "") for t in perturbation.targets)
    raise NothingFound(f"{sentences} Nothing can be predicted. Add a prior: perturbome ingest prior FILE.")

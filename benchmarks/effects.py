"""All baselines and the prior kernel on a real screen, fitted and asked: one split, and every target left out in turn.

Needs the real data sets beside the checkout (or PERTURBOME_TEST_DATA).
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks._machine import row, save
from benchmarks._measure import ROOT, answer, part

DATA = Path(os.environ.get("PERTURBOME_TEST_DATA", ROOT.parent / "shared" / "data"))
FILE = "perturb_papalexi_thp1/papalexi_thp1_eccite_299g.h5ad"
PRIORS = {
    "STRING": "prior_networks/human_STRING-network.csv",
    "TRRUST": "prior_trrust/trrust_rawdata.human.tsv",
    "Reactome": "prior_genesets/Human_Reactome_November_17_2020_symbol.gmt",
}
GOAL = 20.0


def take_in(folder: Path) -> None:
    """The screen and the priors into a store."""
    from perturbome.ingest import add_experiment, add_prior
    from perturbome.platform import Store

    with Store(folder / "store") as store:
        add_experiment(store, DATA / FILE, dataset="screen", organism="human")
        for name, path in PRIORS.items():
            add_prior(store, DATA / path, name=name, organism="human")
    answer()


def judged(folder: Path) -> None:
    """Seconds of cutting, of reading the priors, and of fitting and asking every model, split by split."""
    from perturbome.models.bench.plan import default_models
    from perturbome.models.data.build import perturbation_data
    from perturbome.models.data.split_choice import choose_splits
    from perturbome.models.predictors.features_from_store import features_from_store
    from perturbome.models.predictors.registry import make_predictor
    from perturbome.platform import Store

    with Store(folder / "store") as store:
        begin = time.perf_counter()
        data = perturbation_data(store, "screen", min_cells=10, cells=True)
        cut = time.perf_counter() - begin
        splits = choose_splits(data.conditions, "leave-one-out")
        begin = time.perf_counter()
        features = features_from_store(store, data.with_split(splits[0]))
        read = time.perf_counter() - begin
        names = [n for n in default_models(data.with_split(splits[0]).hidden(), features) if not n.startswith("gated")]
        spent = dict.fromkeys(names, 0.0)
        first = 0.0
        for number, split in enumerate(splits):
            shown = data.with_split(split)
            hidden, asked = shown.hidden(), shown.test.conditions
            for name in names:
                begin = time.perf_counter()
                predictor = make_predictor(name)
                predictor.fit(hidden, features, 0)
                predictor.predict(asked)
                spent[name] += time.perf_counter() - begin
            first = sum(spent.values()) if number == 0 else first
    answer(cut=cut, read=read, first=first, models=spent, n_splits=len(splits))


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        part("effects", "take_in", name)
        found = part("effects", "judged", name)
    n, both = found["n_splits"], found["cut"] + found["read"]
    one, every = both + found["first"], sum(found["models"].values())
    models = f"{len(found['models'])} baselines and kernels, Papalexi"
    rows = [
        row(f"{models}: cut, priors, one split", f"{one:.1f} s", "20 s", one < GOAL),
        row(f"{models}: the same, {n} splits, each target left out", f"{both + every:.1f} s", "20 s",
            both + every < GOAL),
    ]  # fmt: skip
    save("effects", {**found, "rows": rows})


if __name__ == "__main__":
    if len(sys.argv) > 1:
        {"take_in": take_in, "judged": judged}[sys.argv[1]](Path(sys.argv[2]))
    else:
        main()

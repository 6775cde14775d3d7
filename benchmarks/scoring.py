"""Scoring a prediction by every metric of means, against a loop over scipy and scikit-learn, and against cell-eval2."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from benchmarks._machine import row, save
from benchmarks._measure import interleaved, speed_ratio, told
from scipy.spatial.distance import cosine
from scipy.stats import pearsonr
from threadpoolctl import threadpool_limits

from perturbome.models.data import PREDICTION, PerturbationData, Split, from_arrays
from perturbome.models.predictors import Predicted
from perturbome.models.referee import judge, replicate
from perturbome.models.referee.compared import compared
from perturbome.models.referee.metrics import METRICS

N_TEST, N_TRAINING, N_GENES, N_CELLS, N_CONTROL = 100, 50, 5_000, 10, 400
ROUNDS = 5
GOAL = 5.0
SHARED = {"expr_mae": "MAE", "expr_mse": "MSE", "delta_pearson": "Pearson-delta", "pds_l1": "PDS",
          "pds_cosine": "PDS cosine"}  # fmt: skip


def simulated() -> tuple[PerturbationData, Predicted]:
    """One context of knock-outs with effects of their own and a shared one, and a prediction that is half right."""
    rng = np.random.default_rng(0)
    n = N_TEST + N_TRAINING
    base, shared = rng.gamma(0.5, 1.0, N_GENES), 0.2 * rng.normal(size=N_GENES)
    x, what = [base + 0.5 * rng.normal(size=(N_CONTROL, N_GENES))], ["control"] * N_CONTROL
    for target in range(n):
        effect = shared + 0.2 * rng.normal(size=N_GENES)
        x.append(base + effect + 0.5 * rng.normal(size=(N_CELLS, N_GENES)))
        what += [f"knockout:G{target:04d}"] * N_CELLS
    genes = [f"G{j:04d}" for j in range(N_GENES)]
    data = from_arrays(np.maximum(np.vstack(x), 0), what, genes, n_genes=None)
    held = [name for i, name in enumerate(data.names) if i % 3]
    data = data.with_split(Split("benchmark", "given", [n for n in data.names if n not in held], (), held))
    truth = data.test
    delta = 0.5 * truth.delta + 0.2 * rng.normal(size=truth.delta.shape)
    return data, Predicted(truth.conditions, delta, None, ("benchmark",) * len(truth))


def loop(data: PerturbationData, predicted: Predicted) -> dict[str, list[float]]:
    """The same metrics, one condition after the other, by calls of scipy and scikit-learn as a notebook makes them."""
    from sklearn.metrics import mean_absolute_error, mean_squared_error, pairwise_distances

    truth, training = data.test, data.training
    start, centre = data.control(truth.conditions[0].context, PREDICTION), training.mean.mean(axis=0)
    mean = start + predicted.delta
    own, panel = truth.own(), ~truth.own().any(axis=0)
    found: dict[str, list[float]] = {name: [] for name, m in METRICS.items() if not {"intervals", "cells"} & {*m.needs}}
    effect = np.mean([np.sum((truth.delta[i] ** 2 - truth.error[i] ** 2)[~own[i]]) for i in range(len(truth))])
    for i in range(len(truth)):
        g = ~own[i]
        delta, true = predicted.delta[i, g], truth.delta[i, g]
        hat, mu, error = mean[i, g], truth.mean[i, g], truth.error[i, g]
        top, sure = np.argsort(-np.abs(true))[:20], np.argsort(-np.abs(true) / error)[:20]
        high = np.setdiff1d(np.argsort(-truth.control[i])[:1000], np.flatnonzero(own[i]))
        found["Pearson-delta"].append(pearsonr(delta, true).statistic)
        found["Pearson-delta, top 20"].append(pearsonr(delta[top], true[top]).statistic)
        found["centred Pearson"].append(pearsonr(hat - centre[g], mu - centre[g]).statistic)
        found["centred Pearson, top 20"].append(pearsonr((hat - centre[g])[top], (mu - centre[g])[top]).statistic)
        found["cosine"].append(1 - cosine(delta, true))
        found["RMSE"].append(np.sqrt(mean_squared_error(mu, hat)))
        found["MAE"].append(mean_absolute_error(mu, hat))
        found["MSE"].append(mean_squared_error(mu, hat))
        found["L2, top 1000"].append(float(np.linalg.norm(mean[i, high] - truth.mean[i, high])))
        found["MSE, top 20 DE"].append(mean_squared_error(mu[sure], hat[sure]))
        found["noise-corrected error"].append((np.sum((delta - true) ** 2) - np.sum(error**2)) / effect)
        for name, kind, a, b in (
            ("centroid accuracy", "euclidean", mean, truth.mean), ("PDS", "cityblock", predicted.delta, truth.delta),
            ("PDS cosine", "cosine", predicted.delta, truth.delta), ("RMSE rank", "euclidean", truth.mean, mean),
            ("cosine rank", "cosine", truth.delta, predicted.delta),
        ):  # fmt: skip
            d = pairwise_distances(a[i : i + 1, panel], b[:, panel], metric=kind)[0]
            rank = np.sum(d < d[i]) + (np.sum(d == d[i]) - 1) / 2
            found[name].append(rank / len(d) if name.endswith("rank") else 1 - rank / (len(d) - 1))
    return found


def theirs(data: PerturbationData, predicted: Predicted) -> dict[str, dict[str, float]]:
    """cell-eval2's own functions of the metrics that both have, from the same means."""
    from cell_eval2.metrics.delta import mae, mse, pearson_delta
    from cell_eval2.metrics.discrimination import discrimination_score

    truth = data.test
    start = data.control(truth.conditions[0].context, PREDICTION)
    names = np.array([*(c.targets[0] for c in truth.conditions), "control"])
    bulks: dict[str, Any] = {
        "pred_bulk": (names, np.vstack([start + predicted.delta, start])),
        "real_bulk": (names, np.vstack([truth.mean, truth.control[0]])),
        "control": "control",
    }
    ranks = {"rank_denominator": "n-1", "genes": np.array(data.genes)}
    return {
        "expr_mae": mae(**bulks), "expr_mse": mse(**bulks), "delta_pearson": pearson_delta(**bulks),
        "pds_l1": discrimination_score(**bulks, distance="l1", **ranks),
        "pds_cosine": discrimination_score(**bulks, distance="cosine", **ranks),
    }  # fmt: skip


def ours_of_the_shared(data: PerturbationData, predicted: Predicted) -> dict[str, np.ndarray]:
    """Our values of the metrics that cell-eval2 has as well."""
    found = compared(data, data.test, predicted.delta)
    return {theirs: METRICS[name].score(found) for theirs, name in SHARED.items()}


def agreement(data: PerturbationData, predicted: Predicted) -> dict[str, float]:
    """Largest difference from the loop and from cell-eval2; the latter counts own targets, but for the ranks."""
    table = judge(data, predicted)
    off = [
        np.abs(table.filter(pl.col("metric") == name)["value"].to_numpy() - values).max()
        for name, values in loop(data, predicted).items()
    ]
    mine, other = ours_of_the_shared(data, predicted), theirs(data, predicted)
    ranks = [np.abs(mine[name] - list(other[name].values())).max() for name in ("pds_l1", "pds_cosine")]
    assert max(*off, *ranks) < 1e-6, (off, ranks)
    return {"loop": float(max(off)), "cell-eval2, ranks": float(max(ranks))}


def main() -> None:
    with threadpool_limits(2):
        data, predicted = simulated()
        off = agreement(data, predicted)
        seconds = interleaved(
            {
                "ours": lambda: judge(data, predicted), "loop": lambda: loop(data, predicted),
                "ours, shared": lambda: ours_of_the_shared(data, predicted),
                "cell-eval2": lambda: theirs(data, predicted),
                "ceiling, one draw": lambda: replicate(data, way="moments", draws=1),
            },
            ROUNDS,
        )  # fmt: skip
    middle = {way: float(np.median(s)) for way, s in seconds.items()}
    against_loop = speed_ratio(seconds["ours"], seconds["loop"])
    against_theirs = speed_ratio(seconds["ours, shared"], seconds["cell-eval2"])
    what = f"{N_TEST} conditions, {N_GENES:,} genes"
    save(
        "scoring",
        {
            "conditions": N_TEST, "genes": N_GENES, "metrics": len(loop(data, predicted)), "rounds": ROUNDS,
            "seconds": {way: list(s) for way, s in seconds.items()}, "speed_over_loop": against_loop,
            "speed_over_cell_eval2": against_theirs, "largest_difference": off,
            "rows": [
                row(
                    f"Scoring a prediction by {len(loop(data, predicted))} metrics of means, {what}",
                    f"{middle['ours']:.2f} s", f"{GOAL:.0f} s", middle["ours"] <= GOAL,
                    f"{middle['loop']:.2f} s, loop over scipy and scikit-learn", told(against_loop),
                ),
                row(
                    f"Five metrics that cell-eval2 has as well, {what}", f"{middle['ours, shared']:.2f} s",
                    rival=f"{middle['cell-eval2']:.2f} s, cell-eval2", ratio=told(against_theirs),
                ),
            ],
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()

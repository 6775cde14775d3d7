"""The page of effect prediction: predictors, splits, the gate, intervals and metrics, from the registries."""

from __future__ import annotations

NEEDS = {
    "singles": "singles of what is combined",
    "other contexts": "other contexts",
    "features": "priors in the store",
}


def page() -> str:
    """What `perturbome train`, `predict` and `bench` can do, and how they stay honest."""
    from perturbome.models.data.split_choice import CHOICES
    from perturbome.models.predictors.registry import PREDICTORS
    from perturbome.models.referee.metrics import METRICS

    lines = [
        "# Effect prediction",
        "",
        "*This page is written from the code.* How they do on real screens: [leaderboard.md](leaderboard.md).",
        "",
        "```",
        "perturbome bench DATASET --out report                # every baseline, kernel and gate: a report",
        'perturbome train "gated prior kernel" --dataset DATASET --split unseen-single',
        "perturbome predict --run RUN STAT1                   # change of every gene, interval, baseline beside it",
        "```",
        "",
        "## Predictors",
        "",
        "`gated NAME` puts any of them behind a gate: prediction = baseline + gamma (NAME - baseline). The baseline is",
        "the best of the closed-form ones, and gamma is learned on training conditions that are left out in turn,",
        "in the way of the split; where the gain is not sure, gamma is 0 and the answer is the baseline, bit by bit.",
        "The same left-out errors calibrate the interval of every gene (conformal, 90 %). All this is judged by",
        "changes against control; by the error of the mean profile, in which the prediction's own control noise",
        "counts, another baseline may be ahead.",
        "",
        "| name | no. | predicts | needs | source |",
        "|---|---|---|---|---|",
    ]
    for r in PREDICTORS.values():
        needs = ", ".join(NEEDS.get(n, n) for n in r.needs)
        lines.append(f"| `{r.name}` | {r.id} | {r.meaning} | {needs} | {r.source} |")
    lines += ["", "## Splits: `--split TEXT`", "", "| text | holds out |", "|---|---|"]
    lines += [f"| `{c.example}` | {c.meaning} |" for c in CHOICES]
    lines += [
        "| `FILE` | as a file says: ours or GEARS's (.json), a table of conditions (.csv), cell-load's (.toml) |",
        "",
        "Splits are of conditions, never of cells. The control cells of every context are halved: a prediction starts",
        "from one half, the truth is measured against the other, as noise they shared would look like skill. An audit",
        "looks for conditions, targets, control cells and gene lists on both sides, and stops a run that leaks.",
        "",
        "## Metrics",
        "",
        "Beside every score stand the best baseline (with the interval of a paired bootstrap over targets) and the",
        "replicate: an upper bound of what a repeat of the experiment would score. Centred Pearson takes the training",
        "mean from both sides, so that `no change` has some 0.1 where nothing is true and more where most",
        "perturbations do nothing. `--cell-eval` adds the metrics of cell-eval2, of differential expression among",
        "them; `--cells` the last three of the list, over control cells shifted by the predicted change.",
        "",
        "| metric | meaning | better | source |",
        "|---|---|---|---|",
    ]
    lines += [f"| {m.name} | {m.meaning} | {m.better} | {m.source} |" for m in METRICS.values()]
    return "\n".join(lines) + "\n"

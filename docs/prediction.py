"""The page of effect prediction: predictors, splits, the gate, intervals and metrics, from the registries."""

from __future__ import annotations

NEEDS = {
    "singles": "singles of what is combined",
    "other contexts": "other contexts",
    "features": "priors in the store",
}


def page() -> str:
    """What `perturbome train`, `predict` and `bench` can do, and how they stay honest."""
    from perturbome.models.bench.challenge import BASELINE, MEANING
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
        "Where the baseline knows of no target (B0, B1) and NAME corrects the perturbed mean (B5, B6, K), the step is",
        "that correction, gamma (NAME - perturbed mean): it may be right where the mean is not.",
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
        *_split_files(),
        *_settings(),
        "## Interrupted, and in several processes",
        "",
        "A benchmark keeps every finished fit, and a model that learns in passes every finished pass (at Ctrl-C; a",
        "process that is killed, those up to half a minute before). The same command, on the same data, goes on with",
        "what is missing, ends with the same numbers, and says what it took from before. Other models are fitted anew.",
        "",
        "Models that learn in passes learn in several processes, one of which writes the run:",
        "",
        "```",
        'torchrun --standalone --nproc-per-node 2 "$(which perturbome)" train latent-additive --dataset DATASET',
        "```",
        "",
        "## Metrics",
        "",
        "Beside every score stand the best baseline (with the interval of a paired bootstrap over targets) and the",
        "replicate: an upper bound of what a repeat of the experiment would score. Centred Pearson takes the training",
        "mean from both sides, so that `no change` has some 0.1 where nothing is true and more where most",
        "perturbations do nothing. `--cell-eval` adds the metrics of cell-eval2, of differential expression among",
        "them; `--cells` the last three of the list, over control cells shifted by the predicted change.",
        "",
        "Centred Pearson can pass the replicate: where the training mean is far from what is tested, as one of another",
        "context is, its own part of prediction and truth makes even `no change` look right. The report says where a",
        "baseline stands ahead of the replicate; that metric tells little there.",
        "",
        f"With `--cell-eval`, and `{BASELINE}` among the models, the report has the",
        f"{MEANING.replace(': the', ', the', 1)}.",
        "What cell-eval2 does not score, and why, is among the report's remarks, once for each kind of reason.",
        "",
        "| metric | meaning | better | source |",
        "|---|---|---|---|",
    ]
    bar = "\\|"  # within a table of Markdown
    lines += [f"| {m.name} | {m.meaning.replace('|', bar)} | {m.better} | {m.source} |" for m in METRICS.values()]
    return "\n".join(lines) + "\n"


SPLIT_FILES = {
    "ours, which `Split.save` writes (.json; conditions by their whole names; kind `given` promises nothing)": """
{"name": "mine", "kind": "given",
 "train": ["knockout:STAT1::CD4T", "knockout:IRF1::CD4T"],
 "validation": [],
 "test": ["knockout:JAK2::CD4T"]}
""",
    "GEARS's dictionary (.json; its pickle is not read; val may be absent)": """
{"train": ["STAT1+ctrl", "IRF1+ctrl"],
 "val": [],
 "test": ["JAK2+ctrl", "STAT1+IRF1"]}
""",
    "a table (.csv, .tsv, .txt)": """
condition,split
STAT1+ctrl,train
IRF1+ctrl,train
JAK2+ctrl,test
""",
    "cell-load's, of State (.toml; the data set and its cell types by name)": """
[training]
DATASET = "train"
[fewshot."DATASET.CD4T"]
val = []
test = ["JAK2"]
""",
}
"""Split files by what they are."""


def _split_files() -> list[str]:
    lines = ["## Split files: `--split FILE`", ""]
    for what, text in SPLIT_FILES.items():
        lines += [f"{what[0].upper()}{what[1:]}:", "", "```", *text.strip().splitlines(), "```", ""]
    return lines


def _settings() -> list[str]:
    """Presets and the names of settings."""
    from perturbome.models.training.preset_files import presets, read_preset

    lines = [
        "## Settings and presets: `--set`, `--preset`",
        "",
        "`--set SECTION.NAME=VALUE` changes one setting. The sections are `model` (the predictor's own options),",
        "`data` and `features`. A name that there is not is answered with all that there are, so `--set model.x=1`",
        "lists them for a model; `perturbome runs show RUN` shows what a run had. Later wins: defaults, preset,",
        "options of the command, `--set`.",
        "",
        "| preset | model | what it is | source |",
        "|---|---|---|---|",
    ]
    for name in presets():
        p = read_preset(name)
        lines.append(f"| `{name}` | {p.model} | {p.meaning} | {p.source} |")
    return [
        *lines,
        "",
        "One of your own is a file, `--preset mine.toml` (or .json), with tables named as the sections:",
        "",
        "```",
        *PRESET.strip().splitlines(),
        "```",
        "",
    ]


PRESET = """
[preset]
model = "prior kernel"
meaning = "fewer genes"

[data]
n_genes = 500
"""
"""A preset of a person's own."""

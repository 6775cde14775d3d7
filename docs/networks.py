"""Write docs/networks.md from benchmarks/results/networks.json: what every method finds of networks that are known.

Run with `python -m docs.networks`, after `python -m benchmarks.networks FOLDER`.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from statistics import fmean, geometric_mean
from typing import Any

from perturbome.ingest.regulation.registry import METHODS

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results" / "networks.json"
BASELINES = ("random", "spread", "degrees")
METRICS = (
    ("aupr", "Area under precision and recall (AUPR)", "At random, the share of scored pairs that are edges.", 3),
    ("auroc", "Area under the ROC curve (AUROC)", "At random 0.5.", 3),
    ("aupr_ratio", "AUPR over that of a random ranking", "At random 1. The last row: geometric mean over tracks.", 2),
    ("epr", "Early precision over that of a random ranking (EPR)",
     "Precision among as many pairs as there are edges (BEELINE's rule). At random 1.", 2),
    ("epr_activation", "The same, of activation", "Edges of the other sign left out; where signs are known.", 2),
    ("epr_inhibition", "The same, of inhibition", "Edges of the other sign left out; where signs are known.", 2),
    ("sign_right", "Share of the true edges found early whose sign is right", "By chance 0.5.", 2),
    ("seconds", "Seconds",
     "One run, without bootstraps and with 100 trees instead of 500; a consensus counts those of its members.", 2),
)  # fmt: skip


def page(results: dict[str, Any]) -> str:
    """The Markdown page of a run of the benchmark."""
    lines = results["scores"]
    there = {line["method"] for line in lines}
    methods = [name for name in METHODS if name in there]
    baselines = [name for name in BASELINES if name in there]
    machine = results["machine"]
    text = [
        "# Inferred networks against known ones",
        "",
        "Every method of `perturbome infer regulation` on gold standards: DREAM4 (simulated, 100 genes), BEELINE's",
        "Boolean models GSD and VSC, time courses of differentiation (SCODE), proteins of T cells (Sachs), dendritic",
        "cells after LPS. Pairs are ranked by strength over the whole universe of scored pairs, self-loops out,",
        "significant or not. Beside the methods stand a *random* ranking, the *spread* of regulator and target, which",
        "knows of no pair, and the *degrees* of the true network, which a method cannot know: what is below these has",
        "found less than who the hubs are. A dash: the method needs times or perturbations that the track has not, or",
        "the truth has no signs.",
        "*This page is written by `python -m docs.networks`.*",
        "",
        f"Measured on {machine['cores']} cores of {machine['processor']}, Python {machine['python']},",
        f"{results['date']}.",
    ]
    text += ["", "## The fast default against trees", "", *_two(lines, "ridge", "trees")]
    for metric, title, explanation, digits in METRICS:
        columns = methods if metric in {"seconds", "sign_right"} else methods + baselines
        text += ["", f"## {title}", "", explanation, "", *_table(lines, metric, columns, digits)]
    text += ["", "## Published", "",
             "What others reached, with their own ways of drawing the curves. The networks of DREAM4's multifactorial",
             "part are not those of the other part and are not scored here.", "",
             "| set | track | method | AUPR | AUROC |", "|---|---|---|---|---|"]  # fmt: skip
    text += [
        f"| {p['set']} | {p['track']} | {p['method']} | {_number(p.get('aupr'), 3)} | {_number(p.get('auroc'), 3)} |"
        for p in results["published"]
    ]
    return "\n".join(text) + "\n"


def _two(lines: list[dict[str, Any]], first: str, second: str) -> list[str]:
    """Two methods on the tracks where both were run, whatever comes of it."""
    by = {name: {(r["set"], r["track"]): r for r in lines if r["method"] == name} for name in (first, second)}
    shared = [track for track in by[first] if track in by[second]]
    told = []
    for metric, what, mean in (
        ("aupr_ratio", "AUPR over random, geometric mean", geometric_mean),
        ("aupr", "AUPR, mean", fmean),
        ("auroc", "AUROC, mean", fmean),
        ("epr", "early precision over random, mean", fmean),
    ):
        values = [mean([float(by[name][track][metric]) for track in shared]) for name in (first, second)]
        told.append(f"| {what} | {values[0]:.3g} | {values[1]:.3g} |")
    runs = [{(track[0], float(by[name][track]["seconds"])) for track in shared} for name in (first, second)]
    seconds = [math.fsum(each for _, each in run) for run in runs]  # one run may be judged on several tracks
    told.append(f"| seconds, in all | {seconds[0]:.3g} | {seconds[1]:.3g} |")
    wins = sum(by[first][t]["aupr"] >= by[second][t]["aupr"] for t in shared)
    return [
        f"The {len(shared)} tracks where both were run; `{first}` has the larger AUPR on {wins} of them: trees find",
        "more in DREAM4, and elsewhere neither is clearly ahead. Where hours do not matter, take trees.",
        "",
        f"| | {first} | {second} (100 trees) |",
        "|---|---|---|",
        *told,
    ]


def _table(lines: list[dict[str, Any]], metric: str, columns: list[str], digits: int) -> list[str]:
    """A row per track and a column per method, the best method of a row in bold; at the end the mean of ratios."""
    found = {
        (r["set"], r["track"], r["method"]): float(r[metric])
        for r in lines
        if metric in r and not math.isnan(r[metric])
    }
    tracks = list(dict.fromkeys((r["set"], r["track"]) for r in lines))
    rows = []
    for name, track in tracks:
        values = [found.get((name, track, column)) for column in columns]
        own = [v for v, c in zip(values, columns, strict=True) if c not in BASELINES and v is not None]
        if not own:
            continue
        best = max(own) if metric != "seconds" else None
        cells = [_number(v, digits) for v in values]
        cells = [
            f"**{text}**" if v is not None and v == best and c not in BASELINES else text
            for text, v, c in zip(cells, values, columns, strict=True)
        ]
        rows.append([f"{name}, {track}", *cells])
    if metric == "aupr_ratio":
        means = []
        for column in columns:
            known = [v for track in tracks if (v := found.get((*track, column))) is not None]
            means.append(f"{geometric_mean(known):.{digits}f} ({len(known)})" if known else "–")
        rows.append(["mean (tracks)", *means])
    head = ["track", *columns]
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def main() -> None:
    """Write the page beside this file."""
    Path(__file__).with_suffix(".md").write_text(page(json.loads(RESULTS.read_text())))


if __name__ == "__main__":
    main()

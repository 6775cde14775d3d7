"""The page of methods: what `perturbome infer` can do, from the registries."""

from __future__ import annotations

NEEDS = {"time": "two time points, or a pseudotime", "perturbations": "measured perturbations and control cells"}
CLOCKS = {"points": "time points", "any": "time points, or a pseudotime", "own": "RNA velocity in the file", "none": ""}


def page() -> str:
    """Methods of regulation and of cell graphs, as tables, with how to choose."""
    from perturbome.ingest.regulation.registry import METHODS as REGULATION
    from perturbome.ingest.transitions.registry import METHODS as TRANSITIONS

    lines = [
        "# Methods of inference",
        "",
        "*This page is written from the code.* What each finds of networks that are known: [networks.md](networks.md).",
        "",
        "## Who regulates whom: `perturbome infer regulation DATASET --method NAME`",
        "",
        "One network per cell type and time (a method that follows time: per cell type, or with `--time-bins N`",
        "per bin and the next). Every edge has a sign, a weight (change of the target per standard deviation of the",
        "regulator), a two-sided p where the method has a test, and a stability: the share of bootstraps of the cells",
        "that find it again with its sign.",
        "",
        "| method | what it looks at | needs | in chunks (`--dask`) | source |",
        "|---|---|---|---|---|",
    ]
    for m in REGULATION.values():
        needs = ", ".join(NEEDS[n] for n in sorted(m.needs))
        lines.append(f"| `{m.name}` | {m.meaning} | {needs} | {'yes' if m.chunked else ''} | {m.source} |")
    members = ", ".join(f"`{m.name}`" for m in REGULATION.values() if m.consensus)
    lines += [
        "",
        f"Members of `consensus`, as far as the cells allow: {members}; `--member` names others. What goes along with",
        "what counts once, what follows what twice, what was done to a gene four times.",
        "",
        "* **Measured perturbations?** `interventional`: an experiment says what causes what, an association does not.",
        "* **None, but a time course?** `dynamic`: on known networks with time series it found more than the others.",
        "* **Neither?** `ridge`. `trees` also sees what is not linear, and takes far longer.",
        "",
        "`--prior NAME` lets a stored prior weigh the false discovery rate of each pair: its pairs count up to 20",
        "times as much as others, the rate over all pairs is kept (Genovese, Roeder and Wasserman 2006). `--mask hard`",
        "leaves out every pair that the prior does not have. Priors and gold standards come from the same literature:",
        "an accuracy with a prior says little of the method.",
        "",
        "## Which cells follow which, and which lie side by side: `perturbome infer transitions DATASET --method NAME`",
        "",
        "| method | what it looks at | needs | source |",
        "|---|---|---|---|",
    ]
    for t in TRANSITIONS.values():
        lines.append(f"| `{t.name}` | {t.meaning} | {CLOCKS[t.clock]} | {t.source} |")
    lines += [
        "",
        "`transport` agrees with published maps where its settings are theirs (overlap 0.99). By default it is ahead",
        "of plain nearest neighbours on one published set and behind them on another, whose maps were made with a ten",
        "times larger epsilon: `--epsilon` and `--neighbors` matter (`benchmarks/results/transitions.json`).",
    ]
    return "\n".join(lines) + "\n"

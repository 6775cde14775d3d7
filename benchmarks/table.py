"""Write all results into the table of the README, between its two markers."""

from __future__ import annotations

import json
from typing import Any

from benchmarks._machine import RESULTS, row
from benchmarks._measure import ROOT

BEGIN, END = "<!-- benchmarks -->", "<!-- /benchmarks -->"
ORDER = (
    "startup",
    "slices",
    "projection",
    "ingest",
    "chunked",
    "inference",
    "growth",
    "transitions",
    "batches",
    "scoring",
    "effects",
    "consensus",
    "crash",
)
HEAD = (
    "| what | perturbome | rival in the same run | speed over rival (quartiles) | goal | |\n|---|---|---|---|---|---|"
)
MARK = {True: "reached", False: "**missed**", None: ""}


def crash_rows(results: dict[str, Any]) -> list[dict[str, Any]]:
    """The crash benchmark counts failures instead of time."""
    kills, failures = results["kills"], len(results["failures"])
    return [row(f"{kills} SIGKILLs while writing", f"{failures} runs lost, half-visible or in need of repair", "0",
                failures == 0)]  # fmt: skip


def table() -> str:
    """The table and a line about the machines."""
    lines, machines = [HEAD], {}
    for name in ORDER:
        path = RESULTS / f"{name}.json"
        if not path.exists():
            continue
        results = json.loads(path.read_text())
        for r in results.get("rows") or crash_rows(results):
            cells = (r["what"], r["ours"], r["rival"], r["ratio"], r["goal"], MARK[r["reached"]])
            lines.append("| " + " | ".join(str(c) for c in cells) + " |")
        m = results["machine"]
        machines[f"{m['cores']} cores of {m['processor']}, {m['memory_gb']:.0f} GB, Python {m['python']}"] = results[
            "date"
        ]
    return "\n".join([*lines, "", "Measured on " + "; ".join(f"{m} ({date})" for m, date in machines.items()) + "."])


def main() -> None:
    readme = ROOT / "README.md"
    text = readme.read_text()
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    readme.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}")


if __name__ == "__main__":
    main()

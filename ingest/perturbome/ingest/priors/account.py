"""What became of every line of a prior, in sentences."""

from __future__ import annotations

from perturbome.ingest.priors.record import Parsed

LISTED = 20
"""Unmapped identifiers that are named; all of them are in the run's metrics."""


def account(
    parsed: Parsed, counts: dict[str, int], dropped: int, min_score: float, n_rows: int, n_genes: int
) -> list[str]:
    """What was stored and what was not, in sentences."""
    what = {"edges": "edges", "gene_sets": "memberships of gene sets", "regulators": "regulators"}[parsed.content]
    stored = n_genes if parsed.content == "regulators" else n_rows
    said = [f"{counts.get('n_lines', 0):,} lines became {stored:,} {what} among {n_genes:,} genes"]
    if counts.get("n_merged"):
        said.append(f"{counts['n_merged']:,} lines repeated an edge, set or gene and were merged")
    if counts.get("n_contradicting"):
        said.append(f"{counts['n_contradicting']:,} edges have contradicting signs and were stored with sign 0")
    if counts.get("n_self_loops"):
        kept = bool(parsed.rows["directed"][0]) if parsed.content == "edges" else False
        said.append(f"{counts['n_self_loops']:,} self-loops were {'kept (autoregulation)' if kept else 'left out'}")
    if counts.get("n_malformed") and parsed.content == "edges":
        said.append(f"{counts['n_malformed']:,} lines were malformed and left out")
    if counts.get("n_unmapped_lines"):
        said.append(f"{counts['n_unmapped_lines']:,} lines name a protein without a gene and were left out")
    if dropped:
        said.append(f"{dropped:,} edges lie below min_score={min_score:g} and were left out")
    if parsed.unmapped:
        shown = ", ".join(parsed.unmapped[:LISTED])
        more = (
            f" and {len(parsed.unmapped) - LISTED:,} more (all are in the run)" if len(parsed.unmapped) > LISTED else ""
        )
        said.append(f"{len(parsed.unmapped):,} identifiers name no gene: {shown}{more}")
    return said

"""Compare: what changes between two networks.

URL: before, before_cell_type, before_time, after, after_cell_type, after_time, gene, edges, kept.
"""

from __future__ import annotations

from dataclasses import asdict

import polars as pl
import streamlit as st

from perturbome.app import address, edges, reading
from perturbome.app.choices import choose, choose_free, choose_number, choose_whether
from perturbome.app.differences import strongest_differences
from perturbome.app.differences_drawing import draw, legend
from perturbome.app.drawing import note
from perturbome.app.parts import bullets, figure, network_needed, provenance, share, table, text
from perturbome.app.theme import context_name, number, plural
from perturbome.ingest.comparison.compare import NetworkComparison, compare_networks
from perturbome.ingest.comparison.edges import Agreement
from perturbome.platform.errors import NothingFound
from perturbome.platform.store import Store

EVERY = "every"
MOST_ROWS = 20_000
Choice = tuple[str, str | None, float | None]  # run, cell type, time; None takes all together


@st.cache_data(show_spinner=False, max_entries=32)
def _compared(_store: Store, version: str, before: Choice, after: Choice) -> NetworkComparison:
    types, times = (before[1], after[1]), (before[2], after[2])
    return compare_networks(_store, before[0], after[0], cell_type=types, time=times, pooled=True)


@st.cache_data(show_spinner=False, max_entries=32)
def _by_group(_store: Store, version: str, before: str, after: str) -> NetworkComparison | None:
    """The two runs by cell type and time; None where they have none in common."""
    try:
        return compare_networks(_store, before, after)
    except NothingFound:
        return None


def show(store: Store) -> None:
    """The two networks, how alike they are, the drawing and the tables behind it."""
    st.title("Compare", anchor=False)
    st.markdown("What changes between two regulatory networks: two runs, or two times or cell types of one.")
    networks = edges.networks(store)
    if network_needed(store, networks):
        return
    before, after = _choices(store, networks)
    found = _compared(store, reading.version(store), before, after)
    numbers = found.groups[0].numbers
    if before == after:
        st.info("Both sides are the same network. Choose another run, cell type or time.", icon=":material/info:")
    _summary(numbers)
    gene = _drawing(store, found, before, after)
    bullets(found.said)
    _tables(store, found, before, after, gene)
    provenance(store, list(dict.fromkeys([before[0], after[0]])))


def _choices(store: Store, networks: pl.DataFrame) -> tuple[Choice, Choice]:
    """Both sides; where nothing was chosen, the newest two runs, or the first and the last time of the only one."""
    runs = networks["run"].unique(maintain_order=True).to_list()
    started = {run.id: f"{run.started:%d %b %Y %H:%M:%S}" for run in store.runs("infer")}
    datasets = dict(networks.unique("run", keep="first", maintain_order=True).select("run", "dataset").iter_rows())
    methods = {run.id: run.configuration.get("method") for run in store.runs("infer")}
    names = {run: " · ".join(filter(None, (datasets[run], methods[run], started[run]))) for run in runs}
    sides: list[Choice] = []
    for column, side, first in zip(st.columns(2), ("before", "after"), (runs[1:2], runs[:1]), strict=True):
        with column.container(border=True):
            ordered = list(dict.fromkeys([*first, *runs]))
            run = choose(side.capitalize(), ordered, side, names=names.__getitem__)
            mine = networks.filter(pl.col("run") == run)
            left, right = st.columns(2)
            with left:
                kinds = mine["cell_type"].drop_nulls().unique().sort().to_list()
                options = [EVERY, *kinds] if len(kinds) > 1 else kinds or [EVERY]
                kind = choose("Cell type", options, f"{side}_cell_type", names=_kind_name)
            with right:
                times = {f"{time:g}": time for time in mine["time"].drop_nulls().unique().sort()}
                moments = [EVERY, *times]
                if len(runs) == 1 and len(times) > 1:
                    moments = [*times, EVERY] if side == "before" else [*reversed(times), EVERY]
                unit = reading.time_unit(store, datasets[run])
                moment = choose(f"Time{unit}", moments, f"{side}_time", names=_time_name)
            sides.append((run, None if kind == EVERY else kind, times.get(moment)))
    return sides[0], sides[1]


def _kind_name(kind: str) -> str:
    return "every cell type" if kind == EVERY else context_name(kind)


def _time_name(time: str) -> str:
    return "every time" if time == EVERY else time


def _summary(numbers: Agreement) -> None:
    """Counts and likeness, and one line that reads them."""
    shown = {
        "Gained": (f"{numbers.gained:,}", "edges that only the network after has"),
        "Lost": (f"{numbers.lost:,}", "edges that only the network before has"),
        "Sign flipped": (f"{numbers.flipped:,}", "edges of both that activate in one and repress in the other"),
        "Kept": (f"{numbers.kept:,}", "edges of both with the same sign"),
        "Jaccard index": (number(numbers.jaccard), "edges in both over edges in either"),
        "Rank correlation": (number(numbers.spearman_shared), "Spearman's rho of |weight| over the edges in both"),
    }
    for column, (label, (value, meaning)) in zip(st.columns(len(shown)), shown.items(), strict=True):
        column.metric(label, value, help=meaning)
    ruled_out = numbers.only_possible_before + numbers.only_possible_after
    apart = f" {plural(ruled_out, 'edge')} that only one of the runs could have found: not counted." * bool(ruled_out)
    st.caption(
        f"Networks that share nothing but how many edges each gene has would have a Jaccard index of about "
        f"{number(numbers.jaccard_by_degree)}. Of the strongest 100 edges of each network, {numbers.top_100:.0%} are "
        f"among the other's.{apart}"
        if numbers.edges_before and numbers.edges_after
        else f"One of the networks has no edge here.{apart}"
    )


def _drawing(store: Store, found: NetworkComparison, before: Choice, after: Choice) -> str | None:
    """The strongest differences, around one gene if the reader names one; returns its symbol."""
    left, middle, right = st.columns([3, 4, 3], vertical_alignment="bottom")
    with left:
        symbols = list(dict.fromkeys([*found.regulators["source_symbol"], *found.edges["target_symbol"].sort()]))
        asked = choose_free("Only around", symbols, "gene", hint="Every gene")
        gene = store.find_gene(asked)["symbol"] if asked else None
    with middle:
        most = choose_number("Changed edges drawn, the strongest first", [20, 40, 80, 160], "edges", 40)
    with right:
        kept = choose_whether("Edges kept between them", "kept", first=True)
    drawn = strongest_differences(found.edges, most, gene=gene, with_kept=kept)
    if drawn.edges.is_empty():
        st.info(
            f"No edge of {gene} differs between the two." if gene else "No edge differs between the two.",
            icon=":material/check:",
        )
        return gene
    with st.container(key="drawing"):
        clicked = draw(drawn, f"differences-{before}-{after}-{gene}-{most}-{kept}")
    said = f"{plural(len(drawn.symbols), 'gene')} and {plural(drawn.edges.height, 'edge')} drawn"
    if drawn.left_out:
        said += f"; {drawn.left_out:,} more that changed are in the table"
    st.markdown(f"{legend()}<br>{note(f'{said}. Click a gene to stay with its edges, an edge to read it.')}", True)
    if clicked is not None and clicked != gene:
        address.go("gene", clicked)
    return gene


def _tables(store: Store, found: NetworkComparison, before: Choice, after: Choice, gene: str | None) -> None:
    """Every edge, or those of one gene; every regulator; each cell type and time apart where both runs have it."""
    groups = None
    if before[0] != after[0] and before[1:] == after[1:] == (None, None):
        groups = _by_group(store, reading.version(store), before[0], after[0])
    shown = found.edges
    if gene is not None:
        shown = shown.filter((pl.col("source_symbol") == gene) | (pl.col("target_symbol") == gene))
    of = "" if gene is None else f" of {gene}"
    names = [f"Edges{of} ({shown.height:,})", f"Regulators ({found.regulators.height:,})"]
    tabs = st.tabs([*names, *(["By cell type and time"] if groups else [])])
    with tabs[0]:
        columns = {
            "source_symbol": text("Regulator"),
            "target_symbol": text("Target"),
            "change": text("Change"),
            "reason": text("Why it could not be"),
            "weight_before": figure("Weight before"),
            "weight_after": figure("Weight after"),
            "strength_before": share("Place before", "share of the network's edges that are no stronger; 0: no edge"),
            "strength_after": share("Place after", "share of the network's edges that are no stronger; 0: no edge"),
            "difference": figure("Difference", "distance of the signed places, 0 to 2"),
        }
        if shown["reason"].null_count() == shown.height:
            del columns["reason"]
        table(shown.head(MOST_ROWS), "differences", columns, key="edges", height=380)
        if shown.height > MOST_ROWS:
            st.caption(f"The {MOST_ROWS:,} that changed most; perturbome compare with --json gives every one.")
    with tabs[1]:
        columns = {
            "source_symbol": text("Regulator"),
            "targets_before": figure("Targets before", format="localized"),
            "targets_after": figure("Targets after", format="localized"),
            "gained": figure("Gained", format="localized"),
            "lost": figure("Lost", format="localized"),
            "flipped": figure("Sign flipped", format="localized"),
            "kept": figure("Kept", format="localized"),
            "jaccard": share("Jaccard index", "of its targets before and after"),
        }
        table(found.regulators, "regulators", columns, key="regulators", height=380)
    if groups:
        with tabs[2]:
            _groups(groups)


def _groups(groups: NetworkComparison) -> None:
    rows = [
        {"cell_type": context_name(g.cell_type_before), "time": g.time_before, **asdict(g.numbers)}
        for g in groups.groups
    ]
    columns = {
        "cell_type": text("Cell type"),
        "time": figure("Time", format="%g"),
        "gained": figure("Gained", format="localized"),
        "lost": figure("Lost", format="localized"),
        "flipped": figure("Sign flipped", format="localized"),
        "kept": figure("Kept", format="localized"),
        "jaccard": share("Jaccard index"),
        "jaccard_by_degree": share("Expected by degree", "Jaccard index by the numbers of edges alone"),
        "spearman_shared": figure("Rho, shared", "Spearman's rho of |weight| over the edges in both"),
        "spearman_union": figure("Rho, union", "the same over edges in either, absent ones at the bottom"),
        "top_100": share("Top 100", "share of the strongest 100 among the other's strongest 100"),
    }
    frame = pl.DataFrame(rows, infer_schema_length=None, schema_overrides={"time": pl.Float64}).fill_nan(None)
    table(frame, "by-cell-type-and-time", columns, key="groups")
    bullets([sentence for sentence in groups.said if "left out" in sentence])


if __name__ == "__main__":
    show(reading.the_store())

"""Gene: who regulates it and what it regulates. URL: gene, network, cell_type, time, edges, priors, between."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from perturbome.app import address, edges, reading
from perturbome.app.choices import choose, choose_free, choose_network, choose_number, choose_whether
from perturbome.app.drawing import draw, legend, note
from perturbome.app.markdown import plain
from perturbome.app.neighbourhood import Neighbourhood, cut, prior_edges, regulation_edges
from perturbome.app.parts import cypher, figure, network_needed, provenance, share, table, text
from perturbome.app.theme import SIGN_WORD, plural
from perturbome.platform.errors import UnknownName
from perturbome.platform.store import Store

EVERY = "every"
MOST_ROWS = 2000
MOST_PRIORS = 500
MOST_OFFERED = 24


def show(store: Store) -> None:
    """Search, filters, the drawing, and the tables behind it."""
    top = st.container()
    networks = edges.networks(store)
    if network_needed(store, networks):
        top.title("Gene", anchor=False)
        return
    left, right = st.columns([1, 1])
    with right:
        dataset, run = choose_network(store, networks)
    regulators = edges.regulators(store, run)
    with left:
        asked = choose_free("Search", edges.every_symbol(store, run), "gene", hint="A symbol, an alias or an id")
    if asked is None:
        top.title("Gene", anchor=False)
        _suggest(regulators)
        return
    try:
        gene = store.find_gene(asked)
    except UnknownName:
        top.title("Gene", anchor=False)
        if not _offer(asked, reading.ask(store, "genes_search", text=asked, limit=MOST_OFFERED + 1)):
            raise
        return
    cell_type, time, most, with_priors, between = _filters(
        networks.filter(pl.col("run") == run), reading.time_unit(store, dataset)
    )
    filters = {"gene": gene["gene"], "run": run, "cell_type": cell_type, "time": time, "limit": MOST_ROWS}
    above, below = reading.ask(store, "regulators_of", **filters), reading.ask(store, "targets_of", **filters)
    priors = edges.priors_of(store, gene["gene"], MOST_PRIORS)
    inside = edges.between(store, run, cell_type, time, [*above["regulator"], *below["target"]]) if between else None
    found = cut(gene["symbol"], _edges(gene["symbol"], above, below, priors if with_priors else None, inside), most)

    with top:
        _heading(gene)
    known = reading.transcription_factors(store) | set(regulators)
    _drawing(found, known, f"graph-{run}-{gene['gene']}-{cell_type}-{time}-{most}-{with_priors}-{between}")
    _tables(gene["symbol"], above, below, priors, reading.run_names(store.runs()))
    provenance(store, [run, *priors["run"].unique(maintain_order=True)])
    cypher({"regulators_of": filters | {"gene": gene["symbol"]}, "targets_of": filters | {"gene": gene["symbol"]}})


def _suggest(regulators: list[str]) -> None:
    st.info("Type the first letters of a gene. Or begin with one that regulates many:", icon=":material/search:")
    with st.container(horizontal=True):
        for symbol in regulators[:8]:
            if st.button(symbol, key=f"try-{symbol}"):
                address.go("gene", symbol)


def _offer(asked: str, found: pl.DataFrame) -> bool:
    """The genes whose symbol, alias or id begins with what was typed, each as a button; False where there is none."""
    offered = found.head(MOST_OFFERED)
    if offered.is_empty():
        return False
    more = f" These are {MOST_OFFERED} of them; type more letters for others." if found.height > MOST_OFFERED else ""
    st.info(f"Genes that begin with '{plain(asked)}':{more}", icon=":material/search:")
    shared = set(offered.filter(pl.col("symbol").is_duplicated())["symbol"])
    with st.container(horizontal=True):
        for gene, symbol in offered.select("gene", "symbol").iter_rows():
            if st.button(plain(gene if symbol in shared else symbol), key=f"begins-{gene}"):
                address.go("gene", gene if symbol in shared else symbol)
    return True


def _filters(networks: pl.DataFrame, unit: str) -> tuple[str | None, float | None, int, bool, bool]:
    """Cell type, time, edges to draw, priors or not, edges between neighbours or not."""
    kinds = networks["cell_type"].drop_nulls().unique().sort().to_list()
    times = networks["time"].drop_nulls().unique().sort().to_list()
    columns = st.columns([2, 2, 3, 3], vertical_alignment="bottom")
    with columns[0]:
        kind = choose(
            "Cell type", [EVERY, *kinds] if len(kinds) > 1 else kinds or [EVERY], "cell_type", names=_kind_name
        )
    with columns[1]:
        moment = choose(f"Time{unit}", [EVERY, *(f"{time:g}" for time in times)], "time", names=_time_name)
    with columns[2]:
        most = choose_number("Edges drawn, strongest first", [20, 40, 80, 160, 300], "edges", 40)
    with columns[3]:
        with_priors = choose_whether("Prior knowledge", "priors", help="Edges of prior networks, dashed and grey")
        between = choose_whether("Edges between neighbours", "between")
    by_name = {f"{time:g}": time for time in times}
    return None if kind == EVERY else kind, by_name.get(moment), most, with_priors, between


def _kind_name(kind: str) -> str:
    return {EVERY: "every cell type", "all": "all cells together"}.get(kind, kind)


def _time_name(time: str) -> str:
    return "every time" if time == EVERY else time


def _edges(
    symbol: str, above: pl.DataFrame, below: pl.DataFrame, priors: pl.DataFrame | None, inside: pl.DataFrame | None
) -> pl.DataFrame:
    """All that can be drawn, by symbol."""
    kept = ["source", "target", "weight", "sign"]
    regulation = [
        above.with_columns(pl.col("symbol").alias("source"), pl.lit(symbol).alias("target")).select(kept),
        below.with_columns(pl.lit(symbol).alias("source"), pl.col("symbol").alias("target")).select(kept),
    ]
    if inside is not None:
        regulation.append(inside.select(kept))
    drawn = regulation_edges(pl.concat(regulation, how="vertical_relaxed"))
    return drawn if priors is None else pl.concat([drawn, prior_edges(priors)])


def _heading(gene: dict[str, Any]) -> None:
    left, right = st.columns([4, 1], vertical_alignment="center")
    with left:
        st.title(gene["symbol"], anchor=False)
        names = [gene["gene"], gene["organism"], *(gene["aliases"] or [])]
        names += ["listed as a transcription factor"] if gene["regulator"] else []
        st.caption(plain(" · ".join(dict.fromkeys(name for name in names if name))))
    asked = {"genes": gene["symbol"], "network": st.query_params["network"]}
    if right.button(f"Knock out {gene['symbol']}", icon=":material/content_cut:", type="primary", width="stretch"):
        st.switch_page("screens/knockout.py", query_params=asked)


def _drawing(found: Neighbourhood, regulators: set[str], key: str) -> None:
    if found.edges.is_empty():
        st.info("This network holds no edge of this gene here. Try every cell type and time, or prior knowledge.")
        return
    with st.container(key="drawing"):
        clicked = draw(found, regulators, key)
    said = f"{plural(len(found.symbols), 'gene')} and {plural(found.edges.height, 'edge')} drawn"
    if found.left_out:
        said += f", the strongest; {found.left_out:,} more come with more edges drawn"
    st.markdown(f"{legend()}<br>{note(f'{said}. Click a gene to go to it, an edge to read its weight.')}", True)
    if clicked is not None and clicked != found.gene:
        address.go("gene", clicked)


def _tables(symbol: str, above: pl.DataFrame, below: pl.DataFrame, priors: pl.DataFrame, names: dict[str, str]) -> None:
    regulators, targets, known = st.tabs(
        [f"Regulators ({above.height:,})", f"Targets ({below.height:,})", f"Prior knowledge ({priors.height:,})"]
    )
    for tab, rows, role in ((regulators, above, "Regulator"), (targets, below, "Target")):
        with tab:
            columns = {
                "symbol": text(role),
                "effect": text("Effect"),
                "weight": figure("Weight", "change of the target per standard deviation of the regulator, log1p units"),
                "stability": share("Stability", "share of bootstraps that keep the edge with its sign"),
                "p": figure("p", "two-sided", format="%.2g"),
                "cell_type": text("Cell type"),
                "time": figure("Time", format="%g"),
                "network": text("Run"),
            }
            named = rows.with_columns(
                pl.col("sign").replace_strict(dict(SIGN_WORD), return_dtype=pl.String).alias("effect"),
                pl.col("run").replace(names).alias("network"),
            )
            table(named, f"{symbol}-{role.lower()}s", columns, key=role)
            if rows.height == MOST_ROWS:
                st.caption(f"The {MOST_ROWS:,} strongest rows.")
    with known:
        columns = {
            "source": text("From"),
            "target": text("To"),
            "directed": st.column_config.CheckboxColumn("Directed"),
            "effect": text("Effect"),
            "score": share("Score"),
            "prior": text("Database"),
            "evidence": text("Evidence"),
        }
        effect = pl.col("sign").replace_strict(dict(SIGN_WORD), return_dtype=pl.String).alias("effect")
        table(priors.with_columns(effect), f"{symbol}-priors", columns, key="priors")
        if priors.height == MOST_PRIORS:
            st.caption(f"The {MOST_PRIORS:,} with the highest score.")


if __name__ == "__main__":
    show(reading.the_store())

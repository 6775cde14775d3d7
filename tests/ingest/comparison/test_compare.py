"""`compare_networks` on a store: which networks are matched, what is said, and what bad requests get."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from perturbome.ingest import compare_networks
from perturbome.platform.errors import NothingFound, UnknownName
from perturbome.platform.store import Store

Network = Callable[..., str]


def rows_of(store: Store, *arguments, **options) -> set[tuple[str, str, str]]:
    edges = compare_networks(store, *arguments, **options).edges
    return set(edges.select("source_symbol", "target_symbol", "change").rows())


def test_two_runs_by_cell_type_and_time(store: Store, network: Network) -> None:
    before = network(store, "one", {("T", 0.0): [("A", "B", 1.0), ("A", "C", 1.0)], ("B", 0.0): [("A", "B", 2.0)]})
    after = network(store, "one", {("T", 0.0): [("A", "B", -2.0)], ("T", 24.0): [("B", "A", 1.0)]})
    found = compare_networks(store, before[:-1], after)  # the beginning of an id will do
    assert (found.before, found.after) == (before, after)
    assert [(g.cell_type_before, g.time_before) for g in found.groups] == [("T", 0.0)]
    assert (found.groups[0].numbers.flipped, found.groups[0].numbers.lost) == (1, 1)
    assert found.edges["change"].to_list() == ["sign flipped", "lost"]
    assert found.regulators["source_symbol"].to_list() == ["A"]
    assert "Only before, and left out: B at 0." in found.said
    assert "Only after, and left out: T at 24." in found.said
    everything = compare_networks(store, before, after, pooled=True)
    assert everything.edges.height == 3
    assert everything.edges.filter(pl.col("target_symbol") == "B")["weight_before"].to_list() == [2.0]
    assert any("B at 0, T at 0 are taken together" in sentence for sentence in everything.said)


def test_other_data_sets_methods_and_regulators_are_said_and_told_apart(store: Store, network: Network) -> None:
    before = network(store, "one", {("all", None): [("A", "B", 1.0), ("A", "D", 1.0), ("D", "A", 1.0)]}, ["A", "D"])
    after = network(
        store, "two", {("all", None): [("A", "C", 0.1), ("B", "A", 0.2), ("A", "E", 1)]}, ["A", "B"], method="trees"
    )
    found = compare_networks(store, before, after)
    reasons = {(s, t): (c, r) for s, t, c, r in found.edges.select(
        "source_symbol", "target_symbol", "change", "reason").iter_rows()}  # fmt: skip
    assert reasons == {
        ("A", "B"): ("lost", None),
        ("A", "C"): ("gained", None),
        ("A", "D"): ("only possible before", "target not measured after"),
        ("D", "A"): ("only possible before", "regulator not measured after"),
        ("B", "A"): ("only possible after", "not a candidate regulator before"),
        ("A", "E"): ("only possible after", "target not measured before"),
    }
    said = "\n".join(found.said)
    assert "The data sets differ: one before, two after." in said
    assert "The methods differ: ridge before, trees after." in said
    assert "The genes measured differ: 3 in both, 1 only before, 1 only after." in said
    assert "The candidate regulators differ: 1 in both, 1 only before, 1 only after." in said


def test_settings_that_differ_and_cut_networks_are_said(store: Store, network: Network) -> None:
    groups = {("all", None): [("A", "B", 1.0), ("A", "C", 1.0)]}
    before = network(store, "one", groups, ["A"], max_q=0.05)
    after = network(store, "one", groups, ["A"], max_q=0.2, max_edges=2)
    said = "\n".join(compare_networks(store, before, after).said)
    assert "Other settings that differ: max_edges 5000 before, 2 after; max_q 0.05 before, 0.2 after." in said
    assert "Networks were cut off at 2 edges after" in said


def test_two_times_of_one_run(store: Store, network: Network) -> None:
    run = network(store, "one", {("T", 0.0): [("A", "B", 1.0)], ("T", 6.0): [("A", "B", 1.0), ("A", "C", 1.0)]})
    found = compare_networks(store, run, run, time=(0.0, 6.0))
    assert set(found.edges.select("target_symbol", "change").rows()) == {("B", "kept"), ("C", "gained")}
    assert found.said[0] == f"Both networks are of run {run} (infer regulation one)."
    assert "T at 0 before, T at 6 after." in found.said
    itself = compare_networks(store, run, run)
    assert set(itself.edges["change"]) == {"kept"}
    assert len(itself.groups) == 2


def test_two_cell_types_of_one_run(store: Store, network: Network) -> None:
    run = network(store, "one", {("T", 0.0): [("A", "B", 1.0)], ("B", 0.0): [("A", "C", 1.0)]})
    assert rows_of(store, run, run, cell_type=("T", "B")) == {("A", "B", "lost"), ("A", "C", "gained")}
    assert rows_of(store, run, run, cell_type="T") == {("A", "B", "kept")}
    assert rows_of(store, run, run, cell_type=("T", None), pooled=True) == {("A", "B", "kept"), ("A", "C", "gained")}


def test_what_regulated_where_a_run_does_not_say_is_said(store: Store, network: Network) -> None:
    run = network(store, "one", {("all", None): [("A", "B", 1.0)]}, None)
    assert any(
        "does not say which genes might regulate" in sentence for sentence in compare_networks(store, run, run).said
    )


def test_a_hard_prior_rules_edges_out(store: Store, network: Network) -> None:
    genes = dict(store.genes().select("symbol", "gene").iter_rows())
    keys = dict(store.genes().select("symbol", "key").iter_rows())
    pairs = [("A", "B", True, 0.9), ("C", "A", False, 0.5), ("A", "D", True, 0.0)]
    with store.run("ingest", name="a prior") as run:
        rows = [
            {"prior": "known", "source": genes[s], "target": genes[t], "source_key": keys[s], "target_key": keys[t],
             "directed": directed, "sign": 0, "score": score} for s, t, directed, score in pairs
        ]  # fmt: skip
        run.write("priors", pl.DataFrame(rows, schema_overrides={"sign": pl.Int8}))
    edges = [("A", "B", 1.0), ("A", "C", 2.0), ("A", "D", 3.0), ("B", "A", 4.0)]
    before = network(store, "one", {("all", None): edges}, ["A", "B"])
    bound = {"mask": "hard", "prior": ["known"]}
    after = network(store, "one", {("all", None): [("A", "B", 1.0)]}, ["A", "B"], parents=[run.id], **bound)
    found = compare_networks(store, before, after).edges
    assert set(found.select("source_symbol", "target_symbol", "change", "reason").rows()) == {
        ("A", "B", "kept", None),
        ("A", "C", "lost", None),  # an edge without a direction allows both
        ("A", "D", "only possible before", "not in the hard prior after"),
        ("B", "A", "only possible before", "not in the hard prior after"),
    }
    soft = network(store, "one", {("all", None): [("A", "B", 1.0)]}, ["A", "B"], mask="soft", prior=["known"])
    assert rows_of(store, before, soft) >= {("A", "D", "lost")}


def test_bad_requests(store: Store, network: Network) -> None:
    run = network(store, "one", {("T", 0.0): [("A", "B", 1.0)]})
    other = network(store, "one", {("B", 0.0): [("A", "B", 1.0)]})
    with pytest.raises(UnknownName, match="No run '1999'"):
        compare_networks(store, run, "1999")
    with pytest.raises(NothingFound, match=rf"holds no regulation. Runs that do: {run} \(infer regulation one\)"):
        compare_networks(store, store.runs("ingest")[0].id, run)
    with pytest.raises(UnknownName, match="No cell type 'NK' in the network of run"):
        compare_networks(store, run, run, cell_type="NK")
    with pytest.raises(UnknownName, match="No time '5' in the network of run"):
        compare_networks(store, run, run, time=5)
    with pytest.raises(NothingFound, match=r"share no cell type and time: T at 0 before, B at 0 after.*--pooled"):
        compare_networks(store, run, other)
    store.remove(other)
    with pytest.raises(NothingFound, match="which is removed, holds no regulation"):
        compare_networks(store, run, other)


def test_organisms_share_no_genes(store: Store, network: Network, dataset: Callable[..., None]) -> None:
    dataset(store, "mouse", ["Xa", "Xb"], organism="mouse")
    run = network(store, "one", {("all", None): [("A", "B", 1.0)]})
    mouse = network(store, "mouse", {("all", None): [("Xa", "Xb", 1.0)]})
    with pytest.raises(NothingFound, match="No gene is measured in both one and mouse"):
        compare_networks(store, run, mouse)


def test_the_order_of_genes_in_the_store_changes_nothing(
    tmp_path: Path, network: Network, dataset: Callable[..., None]
) -> None:
    answers = []
    for genes in (["A", "B", "C", "D"], ["D", "B", "A", "C"]):
        store = Store(tmp_path / genes[0])
        dataset(store, "one", genes)
        edges = [("A", "B", 1.0), ("A", "C", 2.0), ("B", "D", 3.0)]
        runs = [network(store, "one", {("all", None): e}) for e in (edges, edges[::-1][:2])]
        found = compare_networks(store, *runs)
        answers.append((found.edges.rows(), found.regulators.rows(), found.groups))
    assert answers[0] == answers[1]


def empty_network(store: Store, groups: list[tuple[str, float | None]]) -> str:
    """A run of regulation that found nothing, as an inference writes it."""
    settings = {"method": "ridge", "dataset": "one", "regulators": ["A", "B"], "max_edges": 5000, "max_q": 0.05}
    with store.run("infer", name="infer regulation one", configuration=settings, datasets=["one"]) as run:
        run.metrics["groups"] = [{"cell_type": c, "time": t, "n_edges": 0} for c, t in groups]
    return run.id


def test_a_network_without_edges_is_one_too(store: Store, network: Network) -> None:
    run = network(store, "one", {("T", 0.1): [("A", "B", 1.0), ("A", "C", 2.0)]}, ["A", "B"])
    nothing = empty_network(store, [("T", 0.1)])
    assert rows_of(store, nothing, run) == {("A", "B", "gained"), ("A", "C", "gained")}
    assert rows_of(store, run, nothing) == {("A", "B", "lost"), ("A", "C", "lost")}
    assert rows_of(store, nothing, nothing) == set()
    [group] = compare_networks(store, run, nothing, cell_type="T", time=0.1).groups
    assert (group.numbers.edges_before, group.numbers.edges_after, group.numbers.lost) == (2, 0, 2)
    [group] = compare_networks(store, run, nothing, pooled=True).groups
    assert (group.numbers.lost, group.numbers.jaccard) == (2, 0.0)
    with pytest.raises(UnknownName, match="No time '5' in the network of run"):
        compare_networks(store, run, nothing, time=(0.1, 5))
    with pytest.raises(UnknownName, match="No cell type 'NK' in the network of run"):
        compare_networks(store, nothing, run, cell_type="NK")


def test_a_group_without_edges_beside_one_with_edges(store: Store, network: Network) -> None:
    run = network(store, "one", {("T", None): [("A", "B", 1.0)], ("B", None): [("A", "C", 1.0)]}, ["A", "B"])
    nothing = empty_network(store, [("T", None)])
    found = compare_networks(store, run, nothing)
    assert [(g.cell_type_before, g.numbers.lost) for g in found.groups] == [("T", 1)]
    assert any(s.startswith("Only before") and "B" in s for s in found.said)


def test_other_inferences_hold_no_regulation(store: Store, network: Network) -> None:
    run = network(store, "one", {("T", 0.0): [("A", "B", 1.0)]})
    with store.run("infer", name="infer transitions one", configuration={"method": "knn"}, datasets=["one"]) as other:
        other.metrics["n_edges"] = 0
    with pytest.raises(NothingFound, match="holds no regulation"):
        compare_networks(store, run, other.id)

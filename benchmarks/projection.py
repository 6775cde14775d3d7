"""Projecting a network into each graph engine, against the engine's own bulk way with the same rows."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ladybug
import numpy as np
import polars as pl
from benchmarks._machine import row, save
from benchmarks._measure import ROOT, interleaved, speed_ratio, told
from benchmarks._networks import write_network

from perturbome.platform.graph.embedded import EmbeddedStore
from perturbome.platform.graph.neo4j import Neo4jStore
from perturbome.platform.graph.sync import rebuild
from perturbome.platform.lake import Lake
from perturbome.platform.schema import NODES, RELATIONSHIPS
from perturbome.platform.schema.ddl import ladybug_statements

N_EMBEDDED, N_SERVER, ROUNDS, BATCH = 1_000_000, 100_000, 3, 10_000
GOALS = {"embedded": 250_000, "neo4j": 30_000}


def edges(lake: Lake) -> pl.DataFrame:
    """The relationships as both rivals load them: ends first, then the properties."""
    properties = list(RELATIONSHIPS["REGULATES"].properties)
    return lake.scan("regulation").select("source", "target", *properties).collect()


def embedded(folder: Path) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Our projection from lake to published snapshot, and Ladybug's COPY of ready Parquet files."""
    lake = Lake(folder / "lake")
    write_network(lake, N_EMBEDDED)
    edges(lake).write_parquet(folder / "edges.parquet")
    nodes = lake.scan("genes").select("key", "symbol", "organism", "ensembl", "aliases", "regulator", id="gene")
    nodes.select(list(NODES["Gene"].properties)).collect().write_parquet(folder / "genes.parquet")
    turn = iter(range(1000))

    def ours() -> None:
        store = EmbeddedStore(folder / f"graph-{next(turn)}")
        rebuild(lake, store)
        assert store.counts()["REGULATES"] == N_EMBEDDED
        store.close()

    def raw() -> None:
        database = ladybug.Database(folder / f"raw-{next(turn)}.lbug", buffer_pool_size=1 << 30, max_db_size=1 << 36)
        with ladybug.Connection(database) as connection:
            for statement in ladybug_statements():
                connection.execute(statement)
            connection.execute(f"COPY `Gene` FROM '{folder / 'genes.parquet'}'")
            connection.execute(f"COPY `REGULATES` FROM '{folder / 'edges.parquet'}'")
            connection.execute("CHECKPOINT")
        database.close()

    return ours, raw


def server(folder: Path, address: str, user: str, password: str) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Our projection from the lake, and the driver's UNWIND-CREATE of rows ready as Python dictionaries."""
    from neo4j import GraphDatabase

    lake = Lake(folder / "small-lake")
    write_network(lake, N_SERVER)
    rows = edges(lake).to_dicts()
    genes = [{"id": gene} for gene in sorted({r["source"] for r in rows} | {r["target"] for r in rows})]
    store = Neo4jStore(address, user, password)
    driver = GraphDatabase.driver(address, auth=(user, password))
    names = list(RELATIONSHIPS["REGULATES"].properties)
    create = (
        "UNWIND $rows AS row MATCH (a:Gene {id: row.source}) MATCH (b:Gene {id: row.target}) "
        f"CREATE (a)-[:REGULATES {{{', '.join(f'{n}: row.{n}' for n in names)}}}]->(b)"
    )

    def ours() -> None:
        rebuild(lake, store)

    def raw() -> None:
        driver.execute_query("UNWIND $rows AS row CREATE (:Gene {id: row.id})", rows=genes)
        for start in range(0, len(rows), BATCH):
            driver.execute_query(create, rows=rows[start : start + BATCH])

    def from_empty(way: Callable[[], None]) -> Callable[[], float]:
        import time

        def run() -> float:
            store.replace([], [])
            begin = time.perf_counter()
            way()
            return time.perf_counter() - begin

        return run

    return from_empty(ours), from_empty(raw)


def rates(name: str, n: int, ours: np.ndarray, rival: np.ndarray, by: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Results and the row of the table."""
    mine, theirs, goal = n / float(np.median(ours)), n / float(np.median(rival)), GOALS[name]
    ratio = speed_ratio(ours, rival)
    found = {"relationships": n, "per_second": mine, "rival_per_second": theirs, "speed_over_rival": ratio}
    line = row(
        f"Projection into {'the embedded engine' if name == 'embedded' else 'Neo4j'}, lake to answer",
        f"{mine:,.0f} relationships/s", f"{goal:,}/s", mine >= goal, f"{theirs:,.0f}/s, {by}", told(ratio),
    )  # fmt: skip
    return found, line


def main() -> None:
    results: dict[str, Any] = {}
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours, raw = embedded(folder)
        seconds = interleaved({"ours": ours, "raw": raw}, ROUNDS, warm=0)
        results["embedded"], line = rates(
            "embedded", N_EMBEDDED, seconds["ours"], seconds["raw"], "COPY of ready Parquet"
        )
        rows.append(line)
        # Kept at once, so that a server that fails does not take these numbers with it.
        save("projection", {"rounds": ROUNDS, "engines": {**results, "neo4j": {"note": "not measured"}}, "rows": rows})
        sys.path.append(str(ROOT / "tests"))
        from neo4j_server.server import Neo4jServer, ServerMissing

        try:
            running = Neo4jServer(folder / "neo4j")
        except ServerMissing as missing:
            results["neo4j"] = {"note": f"not measured: {missing}"}
        else:
            running.start()
            try:
                ours, raw = server(folder, running.address, running.user, running.password)
                ours(), raw()
                pairs = np.array([(ours(), raw()) for _ in range(ROUNDS)])
            finally:
                running.kill()
            results["neo4j"], line = rates("neo4j", N_SERVER, pairs[:, 0], pairs[:, 1], "driver, UNWIND-CREATE")
            rows.append(line)
    save("projection", {"rounds": ROUNDS, "engines": results, "rows": rows})


if __name__ == "__main__":
    main()

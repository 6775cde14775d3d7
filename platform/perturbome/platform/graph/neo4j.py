"""The server engine: Neo4j 5.26 or later over Bolt."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

import neo4j
import pyarrow as pa

from perturbome.platform.errors import QueryTooLong, StoreReadOnly
from perturbome.platform.graph import neo4j_writing as writing
from perturbome.platform.graph.base import DEFAULT_ROW_LIMIT, DEFAULT_TIME_LIMIT, Part
from perturbome.platform.graph.neo4j_errors import not_an_address, plain_errors
from perturbome.platform.graph.neo4j_values import to_table
from perturbome.platform.graph.parameters import to_parameters
from perturbome.platform.graph.statements import require_read_only
from perturbome.platform.progress import Report, silent
from perturbome.platform.schema import NODES, RELATIONSHIPS

CONNECT_WITHIN = 10.0
"""Seconds to wait for a server, or to try again after one that dropped the line."""


class Neo4jStore:
    """A projection of the lake in a Neo4j database.

    Raises GraphUnreachable or GraphLoginRefused where it is made, if the server does not answer or lets nobody in.
    Other labels in the same database are left alone.
    """

    engine = "neo4j"

    def __init__(
        self, address: str, user: str, password: str, database: str | None = None, read_only: bool = False
    ) -> None:
        self.address = address
        self.user = user
        self.database = database
        self.read_only = read_only
        self._driver = self._connect(password)
        self._constraints_made = False

    def query(
        self,
        cypher: str,
        parameters: Mapping[str, object] | None = None,
        *,
        row_limit: int | None = DEFAULT_ROW_LIMIT,
        time_limit: float | None = DEFAULT_TIME_LIMIT,
    ) -> pa.Table:
        """Answer a read-only Cypher query; QueryNotReadOnly, QueryError or QueryTooLong otherwise.

        Whole nodes and relationships come as JSON text of their properties. At most `row_limit` + 1 rows are fetched.
        """
        require_read_only(cypher)
        given = to_parameters(parameters)

        @neo4j.unit_of_work(timeout=time_limit)
        def read(transaction: neo4j.ManagedTransaction) -> tuple[list[str], list[list[object]]]:
            result = transaction.run(cypher, given)  # type: ignore[arg-type]
            rows: list[list[object]] = []
            for record in result:
                if row_limit is not None and len(rows) == row_limit:
                    raise QueryTooLong(
                        f"The query gives more than {row_limit:,} rows. Add a LIMIT or a narrower WHERE, "
                        "or raise the row limit."
                    )
                rows.append(list(record.values()))
            return list(result.keys()), rows

        with self._session(neo4j.READ_ACCESS) as session:
            names, rows = session.execute_read(read)
        return to_table(names, rows)

    def runs(self) -> set[str]:
        """Runs that are wholly projected."""
        with self._session(neo4j.READ_ACCESS) as session:
            return writing.projected(session)

    def append(self, runs: Sequence[str], parts: Iterable[Part], report: Report = silent) -> None:
        """Add the parts of these runs; doing it twice is doing it once.

        Up to some 300,000 relationships are one transaction: readers see all of them or none. More are written in
        several; the runs are called projected by the last, and what an interrupted projection left behind is removed
        by the next call. Nodes are merged even for runs already projected, which mends their properties.
        """
        with self._writing() as session:
            writing.append(session, runs, parts, report)

    def replace(self, runs: Sequence[str], parts: Iterable[Part], report: Report = silent) -> None:
        """Hold these runs and nothing else; not one transaction, but no run counts as projected until it is whole."""
        with self._writing() as session:
            writing.clear(session)
            writing.append(session, runs, parts, report)

    def remove(self, runs: Sequence[str]) -> bool:
        """Remove these runs in place, and the nodes that are left without any run that speaks of them; always True.

        What the remaining runs say of shared nodes (a gene's aliases, genes without relationships) is not known here:
        `append(remaining, node_parts)` says it again, and then the graph equals one built anew.
        """
        with self._writing() as session:
            writing.remove(session, runs)
        return True

    def counts(self) -> dict[str, int]:
        """Rows per node label and relationship type, each a look into the server's own count store."""
        asked = {label: f"MATCH (n:{label}) RETURN count(n)" for label in NODES}
        asked |= {type_: f"MATCH ()-[r:{type_}]->() RETURN count(r)" for type_ in RELATIONSHIPS}
        with self._session(neo4j.READ_ACCESS) as session:
            return {name: session.run(text).single(strict=True).value() for name, text in asked.items()}

    def check(self) -> dict[str, object]:
        """Version, edition, latency in milliseconds and size."""
        with self._session(neo4j.READ_ACCESS) as session:
            kernel = session.run(
                "CALL dbms.components() YIELD name, versions, edition RETURN versions[0] AS version, edition"
            ).single(strict=True)
            began = time.perf_counter()
            session.run("RETURN 1").consume()
            latency = time.perf_counter() - began
        return {
            "engine": self.engine,
            "address": self.address,
            "version": kernel["version"],
            "edition": kernel["edition"],
            "latency_ms": round(1000 * latency, 2),
            "runs": len(self.runs()),
            "rows": sum(self.counts().values()),
        }

    def close(self) -> None:
        """Close the connections."""
        self._driver.close()

    def _connect(self, password: str) -> neo4j.Driver:
        with self._plain_errors():
            try:
                driver = neo4j.GraphDatabase.driver(
                    self.address,
                    auth=(self.user, password),
                    connection_timeout=CONNECT_WITHIN,
                    connection_acquisition_timeout=CONNECT_WITHIN,
                    max_transaction_retry_time=CONNECT_WITHIN,
                    notifications_min_severity="OFF",
                    user_agent="perturbome",
                )
            except ValueError as error:
                raise not_an_address(self.address, error) from error
            try:
                with driver.session(database=self.database, default_access_mode=neo4j.READ_ACCESS) as session:
                    session.run("RETURN 1").consume()  # a plain run: a managed one would try for ten seconds
            except BaseException:
                driver.close()
                raise
        return driver

    def _plain_errors(self) -> AbstractContextManager[None]:
        return plain_errors(self.address, self.user)

    @contextmanager
    def _session(self, access: str) -> Iterator[neo4j.Session]:
        with (
            self._plain_errors(),
            self._driver.session(database=self.database, default_access_mode=access) as session,
        ):
            yield session

    @contextmanager
    def _writing(self) -> Iterator[neo4j.Session]:
        if self.read_only:
            raise StoreReadOnly(
                f"The graph at {self.address} was opened read-only. Open the store without read_only=True to write."
            )
        with self._session(neo4j.WRITE_ACCESS) as session:
            if not self._constraints_made:
                writing.make_constraints(session)
                self._constraints_made = True
            yield session

"""A store: the lake and its graph in one folder, with the verbs a notebook, a command or a page needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from perturbome.platform.errors import StoreError, UnknownName
from perturbome.platform.store_folder import StoreFolder, is_server
from perturbome.platform.store_writing import StoreWriting

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from perturbome.platform.graph.base import GraphStore
    from perturbome.platform.lake import Lake, Run
    from perturbome.platform.lake.expression import Expression
    from perturbome.platform.settings import Settings
    from perturbome.platform.slices import GraphSlice
    from perturbome.platform.slices.node_features import NodeFeatures


class Store(StoreWriting):
    """A folder with a lake and a graph; `Store("bolt://...")` keeps the lake of the settings and asks that server.

    `path` defaults to the setting `store`; `graph` to the setting `graph`, else the embedded engine in the folder.
    """

    def __init__(self, path: str | Path | None = None, *, graph: str | None = None, read_only: bool = False) -> None:
        from perturbome.platform.lake import Lake
        from perturbome.platform.settings import load_settings

        if isinstance(path, str) and is_server(path):
            path, graph = None, path
        self.settings: Settings = load_settings(store=path, graph=graph)
        self.path = Path(self.settings.store).expanduser().resolve()
        self.read_only = read_only
        self._folder = StoreFolder(self.path)
        self._folder.check()
        self.lake: Lake = Lake(self.path / "lake")
        self._graph: GraphStore | None = None

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def at(self, run_id: str) -> Store:
        """The store as it was when that run was complete, read-only: tables, expression and slices travel in time.

        The graph shows the present, so Cypher is refused there.
        """
        from perturbome.platform.lake import Lake

        then = Store(self.path, read_only=True)
        then.lake = Lake(self.lake.folder, as_of=self.lake.run(run_id).id)
        return then

    def require(self) -> None:
        """NothingFound where nothing was ever written, so that a question is not answered by silence."""
        self._folder.require()

    def close(self) -> None:
        """Let go of the graph engine."""
        if self._graph is not None:
            self._graph.close()
            self._graph = None

    @property
    def graph_address(self) -> str | Path:
        """The server's address, or the folder of the embedded engine."""
        return self.settings.graph or self.path / "graph"

    @property
    def graph(self) -> GraphStore:
        """The graph engine, opened when first asked for."""
        if self.lake.as_of is not None:
            raise StoreError(
                "The graph shows the present. Of the past, read tables, expression and slices by predicate."
            )
        if self._graph is None:
            from perturbome.platform.graph.engines import open_graph

            self._graph = open_graph(self.graph_address, self.settings, read_only=self.read_only)
        return self._graph

    def query(
        self,
        cypher: str,
        parameters: dict[str, Any] | None = None,
        *,
        row_limit: int | None = None,
        time_limit: float | None = None,
    ) -> pa.Table:
        """Answer a read-only Cypher query as an Arrow table; limits default to the settings."""
        self._keep_graph_in_step()
        return self.graph.query(
            cypher,
            parameters,
            row_limit=row_limit or self.settings.row_limit,
            time_limit=time_limit or self.settings.time_limit,
        )

    def ask(self, name: str, **parameters: Any) -> pa.Table:
        """Answer a query of the catalogue; genes may be given by symbol, alias or id."""
        from perturbome.platform.graph.catalogue import find_query

        query = find_query(name)
        values = {
            key: self.find_gene(value)["gene"] if query.takes_gene(key) and isinstance(value, str) else value
            for key, value in parameters.items()
        }
        return self.query(query.text, query.bind(values))

    def slice(
        self, cypher: str | None = None, parameters: dict[str, Any] | None = None, **predicate: Any
    ) -> GraphSlice:
        """Cut a graph slice: from the lake by predicate (see `slices.cut`), or by a Cypher query that returns edges."""
        from perturbome.platform.slices import cut, from_query

        if cypher is None:
            return cut(self.lake, **predicate)
        self._keep_graph_in_step()
        return from_query(self.graph, cypher, parameters)

    def features(self, run: str, cell_type: str | None = None) -> NodeFeatures:
        """Vectors of genes or cells that a run of `infer features` wrote, to lay beside the nodes of a slice."""
        from perturbome.platform.slices.node_features import read_features

        return read_features(self.lake, run, cell_type)

    def runs(self, kind: str | None = None) -> list[Run]:
        """Complete runs, oldest first."""
        return self.lake.runs(kind)

    def datasets(self) -> pl.DataFrame:
        """One row per data set."""
        import polars as pl

        return (
            self.lake.scan("datasets")
            .sort("run")
            .unique("dataset", keep="last", maintain_order=True)
            .filter(pl.col("dataset").is_not_null())
            .collect()
        )

    def genes(self, organism: str | None = None) -> pl.DataFrame:
        """One row per gene the store knows: gene, key, symbol, organism, ensembl, aliases, regulator."""
        import polars as pl

        from perturbome.platform.lake.genes import known_genes

        genes = known_genes(self.lake)
        return genes if organism is None else genes.filter(pl.col("organism") == organism)

    def find_gene(self, name: str, organism: str | None = None) -> dict[str, Any]:
        """The gene of that id, symbol, Ensembl id or alias; UnknownName with the nearest names otherwise."""
        import polars as pl

        genes = self.genes(organism)
        named = (pl.col("gene") == name) | (pl.col("ensembl") == name)
        for condition in (
            named,
            pl.col("symbol") == name,
            pl.col("aliases").list.contains(name),
            pl.col("symbol").str.to_uppercase() == name.upper(),
        ):
            found = genes.filter(condition.fill_null(False))
            if found.height == 1:
                return found.row(0, named=True)
            if found.height > 1:
                raise UnknownName(
                    "single gene", name, "the store", found["gene"].to_list(), "Give the id or the organism."
                )
        raise UnknownName("gene", name, "the store", genes["symbol"].to_list())

    def expression(self, dataset: str, where: pl.Expr | None = None) -> Expression:
        """Cells x genes of a data set as CSR, with the cells and genes it belongs to."""
        from perturbome.platform.lake.expression import read_expression

        return read_expression(self.lake, dataset, where)

    def expression_genes(self, dataset: str) -> pl.DataFrame:
        """Genes a data set measured: gene, key, symbol, ensembl, gene_index, regulator, in the matrix's order."""
        from perturbome.platform.lake.expression import dataset_genes, dataset_row

        return dataset_genes(self.lake, dataset_row(self.lake, dataset))


def open_store(path: str | Path | None = None, *, graph: str | None = None, read_only: bool = False) -> Store:
    """Open a store as a command or a page does; the same as `Store(...)`."""
    return Store(path, graph=graph, read_only=read_only)

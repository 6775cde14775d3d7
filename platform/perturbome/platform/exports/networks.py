"""Networks as GraphML, SIF, Cytoscape JSON and pySCENIC adjacencies, with the standard library alone."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import polars as pl

from perturbome.platform.exports.record import Exporter, Network

XML_TYPES = {pl.String: "string", pl.Boolean: "boolean", pl.Float32: "double", pl.Float64: "double"}
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that XML 1.0 cannot hold, even escaped."""

WORDS = {1: "activates", -1: "represses", 0: "regulates"}


def rows_of(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Rows as dictionaries without their nulls and without numbers that are none."""
    for row in frame.iter_rows(named=True):
        yield {k: v for k, v in row.items() if v is not None and not (isinstance(v, float) and not math.isfinite(v))}


def write_graphml(network: Network, path: Path) -> int:
    """GraphML: gene ids as nodes, every column as a typed attribute, `directed` per edge where both kinds occur."""
    ends = ("source", "target")
    keys = [*_keys("node", network.nodes.drop("id")), *_keys("edge", network.edges.drop(ends))]
    with path.open("w", encoding="utf-8") as out:
        out.write('<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n')
        for place, name, kind in keys:
            out.write(f'  <key id="{place}_{name}" for="{place}" attr.name="{name}" attr.type="{kind}"/>\n')
        default = "directed" if network.directed else "undirected"
        out.write(f"  <graph id={quoteattr(network.name)} edgedefault={quoteattr(default)}>\n")
        for node in rows_of(network.nodes):
            out.write(f"    <node id={_attribute(node.pop('id'))}>{_data('node', node)}</node>\n")
        for number, edge in enumerate(rows_of(network.edges)):
            source, target = _attribute(edge.pop("source")), _attribute(edge.pop("target"))
            out.write(f'    <edge id="e{number}" source={source} target={target}>{_data("edge", edge)}</edge>\n')
        out.write("  </graph>\n</graphml>\n")
    return network.edges.height


def _keys(place: str, frame: pl.DataFrame) -> list[tuple[str, str, str]]:
    return [(place, name, XML_TYPES.get(type(kind), "long")) for name, kind in frame.schema.items()]


def _data(place: str, values: dict[str, Any]) -> str:
    return "".join(f'<data key="{place}_{key}">{_text(value)}</data>' for key, value in values.items())


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(NOT_XML.sub("", value)) if isinstance(value, str) else repr(value)


def _attribute(value: str) -> str:
    return quoteattr(NOT_XML.sub("", value))


def interaction(edges: pl.DataFrame) -> pl.Series:
    """activates, represses or regulates for directed edges; interacts for those without a direction."""
    words = pl.col("sign").replace_strict(WORDS, default="regulates", return_dtype=pl.String)
    return edges.select(pl.when(pl.col("directed")).then(words).otherwise(pl.lit("interacts"))).to_series()


def named_ends(network: Network) -> tuple[pl.Series, pl.Series]:
    """Readable names of the sources and of the targets, row by row; one name means one gene."""
    table = pl.DataFrame({"id": network.nodes["id"], "name": network.names()})
    return (
        network.edges.select(pl.col("source").replace_strict(table["id"], table["name"])).to_series(),
        network.edges.select(pl.col("target").replace_strict(table["id"], table["name"])).to_series(),
    )


def write_sif(network: Network, path: Path) -> int:
    """SIF: name, interaction, name, tab-separated; edges that differ in nothing else are one line."""
    source, target = named_ends(network)
    lines = pl.DataFrame({"source": source, "interaction": interaction(network.edges), "target": target})
    lines = lines.unique(maintain_order=True)
    lines.write_csv(path, separator="\t", include_header=False, quote_style="never")
    return lines.height


def write_cytoscape(network: Network, path: Path) -> int:
    """Cytoscape JSON (cyjs): nodes and edges with all their columns as data; edge by edge, so memory stays small."""
    about = {"shared_name": network.name, "name": network.name}
    names = network.names()
    nodes = network.nodes.with_columns(names.alias("name"), names.alias("shared_name"))
    edges = network.edges.with_columns(interaction(network.edges).alias("interaction")).with_row_index("id")
    edges = edges.with_columns(("e" + pl.col("id").cast(pl.String)).alias("id"))
    with path.open("w", encoding="utf-8") as out:
        out.write('{"format_version": "1.0", "generated_by": "perturbome", "target_cytoscapejs_version": "~2.1",\n')
        out.write(f'"data": {json.dumps(about)},\n"elements": {{"nodes": [\n')
        out.writelines(_elements(nodes))
        out.write('\n], "edges": [\n')
        out.writelines(_elements(edges))
        out.write("\n]}}\n")
    return edges.height


def _elements(frame: pl.DataFrame) -> Iterator[str]:
    """Rows as JSON elements with a comma between them."""
    parts = (json.dumps({"data": row}, ensure_ascii=False) for row in rows_of(frame))
    first = next(parts, None)
    return iter(()) if first is None else chain([first], (",\n" + part for part in parts))


def write_adjacencies(network: Network, path: Path) -> int:
    """pySCENIC adjacencies: TF, target, importance (|weight| or score), the strongest first; a pair is one line.

    The format knows neither sign, time nor cell type: a pair keeps its largest importance. Undirected edges are
    written in the direction in which they are stored.
    """
    source, target = named_ends(network)
    lines = (
        pl.DataFrame({"TF": source, "target": target, "importance": network.edges["strength"]})
        .group_by("TF", "target", maintain_order=True)
        .agg(pl.col("importance").max())
        .sort("importance", descending=True, maintain_order=True)
    )
    lines.write_csv(path, separator="," if ".csv" in path.name else "\t")
    return lines.height


EXPORTERS = (
    Exporter("graphml", "GraphML, for Cytoscape, Gephi, yEd, igraph and networkx", (".graphml", ".xml"),
             network=write_graphml, reference="http://graphml.graphdrawing.org"),
    Exporter("sif", "SIF, Cytoscape's simple interaction format", (".sif",), network=write_sif,
             reference="https://manual.cytoscape.org"),
    Exporter("cyjs", "Cytoscape JSON", (".cyjs", ".json"), network=write_cytoscape, reference="https://js.cytoscape.org"),
    Exporter("adjacencies", "pySCENIC adjacencies: TF, target, importance", (".adj.tsv", ".adj.csv"),
             network=write_adjacencies, reference="Van de Sande et al., Nat. Protoc. 2020, 15:2247"),
)  # fmt: skip

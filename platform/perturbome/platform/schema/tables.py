"""The lake's tables as data: name, one line, columns with their meaning."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

SCHEMA_VERSION = 1
"""Raised by one when a change is more than a new nullable column; `lake.migrate` knows every step."""

STRING, BOOL, FLOAT, DOUBLE = pa.string(), pa.bool_(), pa.float32(), pa.float64()
INT, LONG = pa.int32(), pa.int64()
STRINGS, INTS, FLOATS = pa.list_(pa.string()), pa.list_(pa.int32()), pa.list_(pa.float32())


@dataclass(frozen=True)
class Column:
    """One column: its name, Arrow type and meaning; `required` columns never hold nulls."""

    name: str
    type: pa.DataType
    meaning: str
    required: bool = False


@dataclass(frozen=True)
class Table:
    """One lake table; every table but `runs` is partitioned by `run` and sorted by `sort` inside a run."""

    name: str
    row: str
    columns: tuple[Column, ...]
    sort: tuple[str, ...] = ()

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema, column order included."""
        return pa.schema([pa.field(c.name, c.type, nullable=not c.required) for c in self.columns])

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [c.name for c in self.columns]


RUN = Column("run", STRING, "the run that wrote the row", required=True)
DATASET = Column("dataset", STRING, "name of the data set", required=True)
CELL_TYPE = Column("cell_type", STRING, "cell type, or 'all' where cells were not separated")
TIME = Column("time", FLOAT, "time in the unit the data set names; null where there is none")
SOURCE = Column("source", STRING, "gene id at the tail of the edge", required=True)
TARGET = Column("target", STRING, "gene id at the head of the edge", required=True)
SOURCE_KEY = Column("source_key", INT, "integer key of the source gene in this store", required=True)
TARGET_KEY = Column("target_key", INT, "integer key of the target gene in this store", required=True)

TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        Table(
            "runs",
            "state of a run; the last row of a run holds",
            (
                Column("id", STRING, "unique id, sortable by start", required=True),
                Column("kind", STRING, "ingest, infer, train, predict, rank or benchmark", required=True),
                Column("name", STRING, "what was done, in a few words"),
                Column("status", STRING, "running, complete, failed or removed", required=True),
                Column("started", pa.timestamp("us", tz="UTC"), "start, UTC", required=True),
                Column("finished", pa.timestamp("us", tz="UTC"), "end, UTC"),
                Column("parents", STRINGS, "runs whose rows were read"),
                Column("datasets", STRINGS, "data sets read or written"),
                Column("configuration", STRING, "resolved configuration, JSON"),
                Column("inputs", STRING, "input files with their SHA-256, JSON"),
                Column("code_version", STRING, "perturbome version and commit"),
                Column("metrics", STRING, "counts and measurements, JSON"),
                Column("versions", STRING, "Delta version of each table when the run was complete, JSON"),
                Column("message", STRING, "why it failed, if it did"),
            ),
        ),
        Table(
            "datasets",
            "data set",
            (
                RUN,
                DATASET,
                Column("organism", STRING, "human, mouse, yeast, or 'unknown'", required=True),
                Column("description", STRING, "one line"),
                Column("n_cells", LONG, "cells stored", required=True),
                Column("n_genes", INT, "genes measured", required=True),
                Column(
                    "expression_unit",
                    STRING,
                    "log1p of counts per 10,000 unless it says otherwise",
                    required=True,
                ),
                Column("raw_state", STRING, "what the file held: counts, log1p or other", required=True),
                Column("time_unit", STRING, "hour, day, pseudotime, ...; null where there is no time"),
                Column("convention", STRING, "file convention recognised"),
                Column("path", STRING, "file it came from"),
            ),
        ),
        Table(
            "genes",
            "gene of a data set or prior",
            (
                RUN,
                Column("dataset", STRING, "data set; null for genes named only by a prior"),
                Column("gene", STRING, "Ensembl id where known, else organism:symbol", required=True),
                Column("key", INT, "integer key of the gene in this store", required=True),
                Column("symbol", STRING, "symbol", required=True),
                Column("organism", STRING, "human, mouse, yeast, or 'unknown'", required=True),
                Column("ensembl", STRING, "Ensembl gene id"),
                Column("aliases", STRINGS, "other names the gene was met under"),
                Column("gene_index", INT, "column of the gene in the data set; null without one"),
                Column("regulator", BOOL, "listed as a transcription factor by this run"),
            ),
            sort=("key",),
        ),
        Table(
            "cells",
            "cell",
            (
                RUN,
                DATASET,
                Column("cell", LONG, "integer key of the cell in this store", required=True),
                Column("name", STRING, "barcode or name in the file", required=True),
                Column("cell_type", STRING, "cell type as the file says; 'all' where it says nothing"),
                Column("perturbation", STRING, "perturbation id, or 'control'"),
                Column("control", BOOL, "true for control cells", required=True),
                Column("dose", FLOAT, "dose of a compound"),
                TIME,
                Column("pseudotime", FLOAT, "pseudotime"),
                Column("x", FLOAT, "first spatial coordinate"),
                Column("y", FLOAT, "second spatial coordinate"),
                Column("z", FLOAT, "third spatial coordinate"),
                Column("batch", STRING, "batch"),
                Column("replicate", STRING, "biological replicate"),
                Column("guide", STRING, "guide RNA or barcode construct"),
                Column("total", FLOAT, "library size: sum of the counts in the file"),
                Column("gene_index", INTS, "columns of the genes that are not zero", required=True),
                Column("value", FLOATS, "their expression", required=True),
            ),
        ),
        Table(
            "perturbations",
            "perturbation of a data set",
            (
                RUN,
                DATASET,
                Column("perturbation", STRING, "canonical id, as in knockout:STAT1+JAK2", required=True),
                Column("label", STRING, "spelling in the file"),
                Column("mode", STRING, "knockout, knockdown, activation or compound", required=True),
                Column("targets", STRINGS, "gene ids, or the compound's name", required=True),
                Column("dose", FLOAT, "dose of a compound"),
                Column("n_cells", LONG, "cells that carry it"),
            ),
        ),
        Table(
            "transitions",
            "cell-cell edge in time",
            (
                RUN,
                DATASET,
                Column("source", LONG, "cell key, earlier", required=True),
                Column("target", LONG, "cell key, later", required=True),
                Column("weight", FLOAT, "transition probability; the rows of a source sum to 1", required=True),
                Column("source_time", FLOAT, "time or pseudotime of the source", required=True),
                Column("target_time", FLOAT, "time or pseudotime of the target", required=True),
            ),
            sort=("source_time",),
        ),
        Table(
            "neighbours",
            "pair of cells near in space; each pair once, and no transition",
            (
                RUN,
                DATASET,
                Column("source", LONG, "cell key, the smaller; of pairs across time the earlier", required=True),
                Column("target", LONG, "cell key", required=True),
                Column("distance", FLOAT, "in the unit of the coordinates", required=True),
                Column("weight", FLOAT, "nearness in 0..1, by the distances usual around both cells", required=True),
                Column("source_time", FLOAT, "time of the source; null where there is none"),
                Column("target_time", FLOAT, "time of the target; later only in pairs across time"),
            ),
            sort=("source_time", "source", "target"),
        ),
        Table(
            "priors",
            "prior gene-gene edge",
            (
                RUN,
                Column("prior", STRING, "name of the source database", required=True),
                SOURCE,
                TARGET,
                SOURCE_KEY,
                TARGET_KEY,
                Column("directed", BOOL, "false for associations", required=True),
                Column("sign", pa.int8(), "+1 activates, -1 represses, 0 unknown", required=True),
                Column("score", FLOAT, "confidence in 0..1; 1 where the source gives none", required=True),
                *(
                    Column(c, FLOAT, f"STRING channel, 0..1: {c}")
                    for c in (
                        "neighborhood",
                        "fusion",
                        "cooccurence",
                        "coexpression",
                        "experimental",
                        "database",
                        "textmining",
                    )
                ),
                Column("evidence", STRING, "references or annotation of the source"),
            ),
            sort=("source_key", "target_key"),
        ),
        Table(
            "gene_sets",
            "gene of a gene set",
            (
                RUN,
                Column("collection", STRING, "name of the collection", required=True),
                Column("gene_set", STRING, "name of the set", required=True),
                Column("gene", STRING, "gene id", required=True),
                Column("description", STRING, "what the file says of the set"),
            ),
        ),
        Table(
            "regulation",
            "inferred regulator -> target edge",
            (
                RUN,
                DATASET,
                CELL_TYPE,
                TIME,
                SOURCE,
                TARGET,
                SOURCE_KEY,
                TARGET_KEY,
                Column(
                    "weight",
                    FLOAT,
                    "change of the target per standard deviation of the regulator",
                    required=True,
                ),
                Column("sign", pa.int8(), "+1 activates, -1 represses, 0 unknown", required=True),
                Column("p", FLOAT, "two-sided p of the weight"),
                Column("stability", FLOAT, "share of bootstraps that keep the edge with its sign, 0..1"),
            ),
            sort=("time", "source_key", "target_key", "cell_type"),
        ),
        Table(
            "features",
            "gene of a cell type and time, or cell, as a vector",
            (
                RUN,
                DATASET,
                Column("node_kind", STRING, "gene or cell", required=True),
                Column("key", LONG, "integer key of the gene or cell in this store", required=True),
                Column("gene", STRING, "gene id; null for cells"),
                CELL_TYPE,
                TIME,
                Column("vector", FLOATS, "its features; the run's configuration names the entries", required=True),
            ),
        ),
        Table(
            "effects",
            "perturbation x context x gene",
            (
                RUN,
                DATASET,
                Column("perturbation", STRING, "perturbation id", required=True),
                Column("context", STRING, "cell type, or 'all'", required=True),
                Column("gene", STRING, "gene id", required=True),
                Column("delta", FLOAT, "change against control, in the data set's expression unit", required=True),
                Column("lower", FLOAT, "lower end of the interval"),
                Column("upper", FLOAT, "upper end of the interval"),
                Column("baseline", FLOAT, "what the named simple baseline says"),
                Column("observed", BOOL, "true where measured, false where predicted", required=True),
                Column("model", STRING, "model that predicted it; null where measured"),
            ),
            sort=("perturbation",),
        ),
        Table(
            "contrasts",
            "comparison of two groups of cells",
            (
                RUN,
                DATASET,
                Column("contrast", STRING, "id: dataset, before and after", required=True),
                Column("before", STRING, "the group the change starts from", required=True),
                Column("after", STRING, "the group the change leads to", required=True),
                Column("context", STRING, "cell type, or 'all'", required=True),
                Column("n_before", LONG, "cells before", required=True),
                Column("n_after", LONG, "cells after", required=True),
            ),
        ),
        Table(
            "targets",
            "contrast x gene",
            (
                RUN,
                Column("contrast", STRING, "contrast id", required=True),
                Column("gene", STRING, "gene id", required=True),
                Column("score", FLOAT, "higher: more likely the cause", required=True),
                Column("rank", INT, "1 is the most likely cause", required=True),
                Column("q", FLOAT, "false discovery rate at this score"),
                Column("model", STRING, "model that ranked it", required=True),
            ),
            sort=("rank",),
        ),
        Table(
            "scores",
            "model x split x seed x condition x metric of a benchmark",
            (
                RUN,
                DATASET,
                Column("model", STRING, "predictor, or 'replicate' for the ceiling", required=True),
                Column("split", STRING, "name of the split whose test side was predicted", required=True),
                Column("seed", INT, "seed of control halves, split and model", required=True),
                Column("condition", STRING, "perturbation and context", required=True),
                Column("metric", STRING, "name of the metric", required=True),
                Column("value", DOUBLE, "null where the metric is not defined"),
            ),
            sort=("model", "split", "condition"),
        ),
        Table(
            "embeddings",
            "node x time, before and after",
            (
                RUN,
                Column("node", STRING, "gene id or cell key", required=True),
                TIME,
                Column("before", FLOATS, "vector before the perturbation", required=True),
                Column("after", FLOATS, "vector after it"),
                Column("shift", FLOAT, "1 - cosine of the two"),
            ),
        ),
    )
}

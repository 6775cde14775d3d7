"""Lake tables of what joins cells and genes: transitions, neighbours, priors, gene sets, regulation, features."""

from __future__ import annotations

import pyarrow as pa

from perturbome.platform.schema.table import (
    BOOL,
    CELL_TYPE,
    DATASET,
    FLOAT,
    FLOATS,
    LONG,
    RUN,
    SOURCE,
    SOURCE_KEY,
    STRING,
    TARGET,
    TARGET_KEY,
    TIME,
    Column,
    Table,
)

NETWORKS: tuple[Table, ...] = (
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
)

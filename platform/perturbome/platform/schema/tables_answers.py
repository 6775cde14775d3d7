"""Lake tables of what was asked: effects, contrasts, targets, scores, embeddings."""

from __future__ import annotations

from perturbome.platform.schema.table import (
    BOOL,
    DATASET,
    DOUBLE,
    FLOAT,
    FLOATS,
    INT,
    LONG,
    RUN,
    STRING,
    TIME,
    Column,
    Table,
)

ANSWERS: tuple[Table, ...] = (
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

"""The graph's nodes and relationships as data, each with the lake table it is projected from."""

from __future__ import annotations

from dataclasses import dataclass

Type = str
"""One of STRING, INT64, DOUBLE, BOOLEAN, TIMESTAMP, STRING[]: words both engines understand or map simply."""


@dataclass(frozen=True)
class Node:
    """A node label: its key property, its other properties and a line of meaning."""

    label: str
    meaning: str
    key: str
    properties: dict[str, Type]
    indexed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Link:
    """One pair of labels that a relationship may join."""

    source: str
    target: str


@dataclass(frozen=True)
class Relationship:
    """A relationship type, the labels it joins and its properties."""

    type: str
    meaning: str
    links: tuple[Link, ...]
    properties: dict[str, Type]


NODES: dict[str, Node] = {
    n.label: n
    for n in (
        Node(
            "Gene",
            "a gene; id is the Ensembl id where known, else organism:symbol",
            "id",
            {
                "id": "STRING",
                "key": "INT64",
                "symbol": "STRING",
                "organism": "STRING",
                "ensembl": "STRING",
                "aliases": "STRING[]",
                "regulator": "BOOLEAN",
            },
            indexed=("symbol", "key"),
        ),
        Node(
            "Cell",
            "a cell; id is its integer key in the store",
            "id",
            {
                "id": "INT64",
                "name": "STRING",
                "dataset": "STRING",
                "run": "STRING",
                "perturbation": "STRING",
                "control": "BOOLEAN",
                "time": "DOUBLE",
                "pseudotime": "DOUBLE",
                "x": "DOUBLE",
                "y": "DOUBLE",
            },
            indexed=("name", "run"),
        ),
        Node("CellType", "a cell type as data sets name it", "name", {"name": "STRING"}),
        Node(
            "Dataset",
            "an experiment",
            "name",
            {
                "name": "STRING",
                "organism": "STRING",
                "n_cells": "INT64",
                "n_genes": "INT64",
                "expression_unit": "STRING",
                "time_unit": "STRING",
                "description": "STRING",
            },
        ),
        Node(
            "Perturbation",
            "one or several genes, or a compound",
            "id",
            {"id": "STRING", "label": "STRING", "mode": "STRING", "dose": "DOUBLE"},
            indexed=("label",),
        ),
        Node(
            "Contrast",
            "a comparison of two groups of cells",
            "id",
            {"id": "STRING", "dataset": "STRING", "before": "STRING", "after": "STRING", "context": "STRING"},
        ),
        Node(
            "Run",
            "an ingest, inference, training, prediction or ranking",
            "id",
            {
                "id": "STRING",
                "kind": "STRING",
                "name": "STRING",
                "started": "STRING",
                "finished": "STRING",
                "code_version": "STRING",
                "configuration": "STRING",
                "metrics": "STRING",
            },
        ),
    )
}

RELATIONSHIPS: dict[str, Relationship] = {
    r.type: r
    for r in (
        Relationship(
            "REGULATES",
            "inferred regulation",
            (Link("Gene", "Gene"),),
            {
                "run": "STRING",
                "dataset": "STRING",
                "cell_type": "STRING",
                "time": "DOUBLE",
                "weight": "DOUBLE",
                "sign": "INT64",
                "p": "DOUBLE",
                "stability": "DOUBLE",
            },
        ),
        Relationship(
            "INTERACTS_WITH",
            "edge of a prior network",
            (Link("Gene", "Gene"),),
            {"run": "STRING", "prior": "STRING", "directed": "BOOLEAN", "sign": "INT64", "score": "DOUBLE"},
        ),
        Relationship(
            "TRANSITIONS_TO",
            "a cell's likely later state",
            (Link("Cell", "Cell"),),
            {"run": "STRING", "weight": "DOUBLE", "source_time": "DOUBLE", "target_time": "DOUBLE"},
        ),
        Relationship(
            "NEAR",
            "cells near in space, each pair once: neither becomes the other",
            (Link("Cell", "Cell"),),
            {
                "run": "STRING",
                "distance": "DOUBLE",
                "weight": "DOUBLE",
                "source_time": "DOUBLE",
                "target_time": "DOUBLE",
            },
        ),
        Relationship("IS_A", "the cell's type", (Link("Cell", "CellType"),), {"run": "STRING"}),
        Relationship(
            "CONTAINS",
            "genes measured by a data set and perturbations made in it",
            (Link("Dataset", "Gene"), Link("Dataset", "Perturbation")),
            {"run": "STRING", "n_cells": "INT64"},
        ),
        Relationship(
            "PERTURBS",
            "the perturbation's target gene",
            (Link("Perturbation", "Gene"),),
            {"run": "STRING", "mode": "STRING", "dose": "DOUBLE"},
        ),
        Relationship(
            "CHANGES",
            "the strongest effects of a perturbation",
            (Link("Perturbation", "Gene"),),
            {
                "run": "STRING",
                "dataset": "STRING",
                "context": "STRING",
                "delta": "DOUBLE",
                "lower": "DOUBLE",
                "upper": "DOUBLE",
                "baseline": "DOUBLE",
                "observed": "BOOLEAN",
                "model": "STRING",
            },
        ),
        Relationship(
            "CAUSED_BY",
            "a likely cause of a change",
            (Link("Contrast", "Gene"),),
            {"run": "STRING", "score": "DOUBLE", "rank": "INT64", "q": "DOUBLE", "model": "STRING"},
        ),
        Relationship("READ", "what a run read", (Link("Run", "Run"), Link("Run", "Dataset")), {"run": "STRING"}),
        Relationship("WROTE", "what a run wrote", (Link("Run", "Dataset"), Link("Run", "Contrast")), {"run": "STRING"}),
    )
}

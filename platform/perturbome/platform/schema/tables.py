"""The lake's tables as data: name, one line, columns with their meaning."""

from __future__ import annotations

from perturbome.platform.schema.table import Table
from perturbome.platform.schema.tables_answers import ANSWERS
from perturbome.platform.schema.tables_experiments import EXPERIMENTS
from perturbome.platform.schema.tables_networks import NETWORKS

SCHEMA_VERSION = 1
"""Raised by one when a change is more than a new nullable column."""

TABLES: dict[str, Table] = {table.name: table for table in (*EXPERIMENTS, *NETWORKS, *ANSWERS)}

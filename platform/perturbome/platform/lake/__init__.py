"""The lake: Delta Lake tables of Parquet files, the truth that every graph is projected from."""

from perturbome.platform.lake.lake import Lake
from perturbome.platform.lake.runs import Run
from perturbome.platform.lake.writing import RunWriter

__all__ = ["Lake", "Run", "RunWriter"]

"""Effects as rows of the lake."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.models.contracts import Effects, PerturbationData

if TYPE_CHECKING:
    from perturbome.platform.lake import RunWriter


def effect_rows(
    dataset: str, context: str, ids: list[str], genes: tuple[str, ...], arrays: Mapping[str, NDArray[np.float64]],
    *, observed: bool, model: str | None, keep: NDArray[np.bool_] | None = None,
) -> pl.DataFrame:  # fmt: skip
    """Rows of the table `effects` from arrays [n_perturbations, n_genes]; `keep` picks the rows to hold."""
    shape = (len(ids), len(genes))
    at = np.nonzero(np.ones(shape, dtype=bool) if keep is None else keep)
    columns = {name: a[at].astype(np.float32) for name, a in arrays.items()}
    return pl.DataFrame(
        {
            "perturbation": pl.Series(ids, dtype=pl.String).gather(at[0]),
            "gene": pl.Series(genes, dtype=pl.String).gather(at[1]),
            **columns,
        }
    ).with_columns(
        pl.lit(dataset).alias("dataset"),
        pl.lit(context).alias("context"),
        pl.lit(observed).alias("observed"),
        pl.lit(model, dtype=pl.String).alias("model"),
        pl.col("lower", "upper", "baseline").cast(pl.Float32).fill_nan(None),
    )


def write_effects(
    writer: RunWriter, data: PerturbationData, effects: Effects, keep: NDArray[np.bool_] | None = None
) -> None:
    """Write predicted effects; the graph reads a perturbation that nobody has made yet from its id."""
    arrays = {name: getattr(effects, name) for name in ("delta", "lower", "upper", "baseline")}
    ids = [p.id for p in effects.perturbations]
    writer.write(
        "effects",
        effect_rows(data.dataset, effects.context, ids, effects.genes, arrays,
                    observed=False, model=effects.model, keep=keep),
    )  # fmt: skip

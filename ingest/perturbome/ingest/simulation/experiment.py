"""A simulated time-course knock-out experiment whose network and effects are known."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from perturbome.ingest.regulation.threads import small_products
from perturbome.ingest.simulation.dynamics import Schedule, langevin
from perturbome.ingest.simulation.measure import count_molecules, place_cells
from perturbome.ingest.simulation.network import Network, draw_network
from perturbome.ingest.simulation.truth import network_table, true_effects
from perturbome.platform.errors import BadValues

if TYPE_CHECKING:
    from anndata import AnnData

HOURS, BURN_IN_HOURS, DT = 48.0, 24.0, 0.5
BRANCH = 0.35  # share of the time course after which lineages part
WINDOW = 0.25  # share of the time course over which the cells of one time point spread
CONTROL = "control"


@dataclass(frozen=True)
class Design:
    """What was asked of the simulator; stored with the result."""

    n_cells: int
    n_genes: int
    n_regulators: int
    n_knockouts: int
    n_times: int
    n_types: int
    seed: int
    spatial: bool
    dropout: float
    control_share: float
    depth: float
    noise: float
    hill: float


@dataclass(frozen=True)
class Simulated:
    """A simulated experiment and its truth."""

    counts: sparse.csr_matrix  # [n_cells, n_genes], int32
    cells: pl.DataFrame  # name, perturbation, cell_type, time, pseudotime, batch, replicate, guide
    genes: pl.DataFrame  # gene, regulator, driver
    network: pl.DataFrame  # source, target, sign, strength
    effects: pl.DataFrame  # perturbation, cell_type, gene, delta, regulatory
    spatial: NDArray[np.float64] | None  # [n_cells, 2], micrometres
    design: Design

    @property
    def knockouts(self) -> list[str]:
        """The genes knocked out, those with the most targets first."""
        made = self.cells.select(pl.col("perturbation").unique()).filter(pl.col("perturbation") != CONTROL)
        degree = self.network.group_by("source").len()
        ranked = made.join(degree, left_on="perturbation", right_on="source", how="left")
        return ranked.sort(pl.col("len").fill_null(0), "perturbation", descending=[True, False])[
            "perturbation"
        ].to_list()

    def anndata(self) -> AnnData:
        """The experiment as an AnnData of raw counts, spelt as scPerturb does ('control', gene symbols)."""
        from anndata import AnnData

        obs = self.cells.to_pandas().set_index("name")
        obs.index.name = None
        for column in ("perturbation", "cell_type", "batch", "replicate", "guide"):
            obs[column] = obs[column].astype("category")
        var = self.genes.to_pandas().set_index("gene")
        var.index.name = None
        data = AnnData(self.counts.astype(np.float32), obs=obs, var=var)
        if self.spatial is not None:
            data.obsm["spatial"] = self.spatial
        data.uns["simulation"] = json.dumps(asdict(self.design))
        data.uns["time_unit"] = "hour"
        return data

    def write(self, path: str | Path) -> list[Path]:
        """Write PATH.h5ad and, beside it, PATH.network.csv, PATH.effects.csv and PATH.regulators.txt."""
        path = Path(path)
        if path.suffix != ".h5ad":
            path = path.with_name(path.name + ".h5ad")
        path.parent.mkdir(parents=True, exist_ok=True)
        stem = path.with_suffix("")
        beside = [stem.with_name(stem.name + end) for end in (".network.csv", ".effects.csv", ".regulators.txt")]
        self.anndata().write_h5ad(path, compression="gzip", compression_opts=1)
        self.network.write_csv(beside[0], float_precision=6)
        self.effects.write_csv(beside[1], float_precision=6)
        names = self.genes.filter(pl.col("regulator"))["gene"]
        beside[2].write_text("".join(f"{name}\n" for name in names))
        return [path, *beside]


def simulate(
    n_cells: int = 2000,
    n_genes: int = 200,
    n_regulators: int | None = None,
    n_knockouts: int = 20,
    n_times: int = 5,
    n_types: int = 3,
    seed: int = 0,
    spatial: bool = False,
    dropout: float = 0.15,
    control_share: float = 0.25,
    depth: float = 0.5,
    noise: float = 1.0,
    hill: float = 2.0,
) -> Simulated:
    """Simulate a time-course knock-out experiment of a branching lineage.

    Hill-type activation and repression, additive per target; chemical Langevin noise; a progenitor that
    parts into `n_types - 1` fates, whose drivers repress each other; cells caught at `n_times` time points
    over 48 hours, out of step with each other (`pseudotime` in 0..1 is the true one); single-gene knock-outs
    from the start, one in five of a gene that regulates nothing; UMI counts with log-normal depth and
    dropout. The same arguments give the same arrays, byte for byte. Knock-outs keep the mix of fates: the
    lineage of a cell is decided from outside, and its drivers answer.

    `n_regulators`: 15 % of the genes unless given. `control_share`: share of unperturbed cells. `depth`: mean
    share of molecules counted. `noise`: 0 is deterministic between cells, 1 the chemical Langevin equation.
    Raises BadValues where the numbers do not fit together.
    """
    n_regulators = max(n_types + 1, round(0.15 * n_genes)) if n_regulators is None else n_regulators
    design = Design(
        n_cells, n_genes, n_regulators, n_knockouts, n_times, n_types, seed, spatial, dropout,
        control_share, depth, noise, hill,
    )  # fmt: skip
    _check(design)
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(5)]
    draw_net, draw_cells, draw_noise, draw_counts, draw_places = streams

    n_fates = n_types - 1
    network = draw_network(n_genes, n_regulators, n_fates, draw_net)
    width = len(str(n_genes))
    genes = [f"TF{i + 1:0{width}d}" for i in range(n_regulators)]
    genes += [f"G{i + 1:0{width}d}" for i in range(n_genes - n_regulators)]
    knockouts = choose_knockouts(network, n_knockouts, draw_net)

    steps = round(HOURS / DT)
    schedule = Schedule(round(BURN_IN_HOURS / DT), steps, round(BRANCH * steps), DT)
    knocked_out, time, stop, fate = _assign_cells(design, knockouts, schedule, draw_cells)
    branched = (stop > schedule.branch) & (fate >= 0)
    cell_type = np.where(branched, fate + 1, 0)
    types = ["progenitor", *(f"fate_{chr(ord('A') + i)}" for i in range(n_fates))]

    with small_products():
        molecules = langevin(network, schedule, stop, fate, knocked_out, draw_noise, hill=hill, noise=noise)
    counts = count_molecules(molecules, draw_counts, depth=depth, dropout=dropout)
    pseudotime = stop / steps
    return Simulated(
        counts=counts,
        cells=_cell_table(genes, knocked_out, [types[i] for i in cell_type], time, pseudotime, draw_cells),
        genes=pl.DataFrame(
            {
                "gene": genes,
                "regulator": np.arange(n_genes) < n_regulators,
                "driver": np.arange(n_genes) < n_fates,
            }
        ),
        network=network_table(network, genes),
        effects=true_effects(network, schedule, knockouts, types, cell_type, fate, stop, genes, hill=hill),
        spatial=place_cells(fate, pseudotime, n_fates, draw_places) if spatial else None,
        design=design,
    )


def choose_knockouts(network: Network, n: int, rng: np.random.Generator) -> list[int]:
    """Genes to knock out, ascending: drivers first, then other regulators; one in five regulates nothing."""
    n_regulators, n_others = network.n_regulators, network.n_genes - network.n_regulators
    n_negative = min(max(round(n / 5), n - n_regulators), n_others)
    drivers = list(range(min(network.n_fates, n - n_negative)))
    others = rng.permutation(np.arange(len(drivers), n_regulators))[: n - n_negative - len(drivers)]
    negative = n_regulators + rng.permutation(n_others)[:n_negative]
    return sorted([*drivers, *others.tolist(), *negative.tolist()])


def _assign_cells(
    design: Design, knockouts: list[int], schedule: Schedule, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Knocked-out gene, time in hours, step and fate of each cell; every condition gets like numbers of all."""
    n = design.n_cells
    n_control = n if not knockouts else max(1, round(design.control_share * n))
    wanted = np.array(knockouts, np.int64)
    knocked_out = np.full(n, -1, np.int64)
    if n > n_control:
        knocked_out[n_control:] = np.sort(np.resize(wanted, n - n_control))
    n_fates = design.n_types - 1
    within = np.arange(n)
    point = within % design.n_times
    fate = (within // design.n_times) % n_fates if n_fates else np.full(n, -1)
    window = WINDOW if design.n_times > 1 else 1.0
    nominal = point / max(design.n_times - 1, 1)
    progress = (1 - window) * nominal + window * (rng.beta(2, 2, n) if design.n_times > 1 else rng.random(n))
    time = nominal * HOURS if design.n_times > 1 else np.full(n, HOURS)
    shuffled = rng.permutation(n)
    stop = np.rint(progress * schedule.steps).astype(np.int64)
    return knocked_out[shuffled], time[shuffled], stop[shuffled], fate[shuffled].astype(np.int64)


def _cell_table(
    genes: list[str],
    knocked_out: NDArray[np.int64],
    cell_type: list[str],
    time: NDArray[np.float64],
    pseudotime: NDArray[np.float64],
    rng: np.random.Generator,
) -> pl.DataFrame:
    """What the experiment notes of each cell."""
    n = knocked_out.size
    perturbation = [genes[k] if k >= 0 else CONTROL for k in knocked_out]
    guide = [f"{p if p != CONTROL else 'NT'}-g{g}" for p, g in zip(perturbation, rng.integers(1, 3, n), strict=True)]
    replicate = rng.integers(1, 4, n)
    columns: dict[str, Any] = {
        "name": [f"cell{i + 1:0{len(str(n))}d}" for i in range(n)],
        "perturbation": perturbation,
        "cell_type": cell_type,
        "time": time,
        "pseudotime": pseudotime,
        "batch": [f"batch{1 + (r > 2)}" for r in replicate],
        "replicate": [f"rep{r}" for r in replicate],
        "guide": guide,
    }
    return pl.DataFrame(columns)


def _check(design: Design) -> None:
    """Raise BadValues where the design cannot be simulated."""
    rules = (
        (design.n_cells >= 1 and design.n_genes >= 2, "At least 1 cell and 2 genes are needed."),
        (design.n_times >= 1 and design.n_types >= 1, "At least 1 time point and 1 cell type are needed."),
        (
            design.n_types <= design.n_regulators <= design.n_genes,
            f"n_regulators ({design.n_regulators}) must lie between n_types ({design.n_types}) and "
            f"n_genes ({design.n_genes}): each fate needs a driver and the progenitor a maintenance gene.",
        ),
        (
            0 <= design.n_knockouts <= design.n_genes,
            f"{design.n_knockouts} knock-outs of {design.n_genes} genes are not possible. Ask for fewer.",
        ),
        (
            design.n_knockouts == 0 or design.n_cells > design.n_knockouts,
            f"{design.n_cells} cells cannot carry {design.n_knockouts} knock-outs and controls. Ask for more cells.",
        ),
        (0 <= design.dropout < 1, f"dropout is a share in 0..1, not {design.dropout}."),
        (0 < design.control_share < 1, f"control_share is a share in 0..1, not {design.control_share}."),
        (
            design.depth > 0 and design.noise >= 0 and design.hill > 0,
            "depth and hill are positive, noise is not negative.",
        ),
    )
    for holds, message in rules:
        if not holds:
            raise BadValues(f"This experiment cannot be simulated: {message}")

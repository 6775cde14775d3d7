"""STRING's protein.links (plain, detailed, full, physical), read in batches so that memory stays bounded."""

from __future__ import annotations

import math

import polars as pl

from perturbome.ingest.priors.opening import Head
from perturbome.ingest.priors.organisms import TAXON_PREFIX, called, of_taxon, other_file
from perturbome.ingest.priors.record import CHANNELS, Ask, Parsed, PriorFormat
from perturbome.ingest.priors.string_batches import Tally, batches
from perturbome.ingest.priors.string_names import find_companion, is_aliases, is_info, read_names
from perturbome.platform.errors import InputError

COMPACT_AT = 3_000_000
"""Rows gathered before the two directions of an edge are folded into one."""

HALF = 1 << 32


def recognise(head: Head) -> str | None:
    """The header names two proteins and a combined score, or the names carry a taxon prefix."""
    if is_info(head) or is_aliases(head):
        return "its header is that of a companion of STRING's protein.links"
    if "combined_score" in head.header and "protein1" in head.header:
        return "its header names protein1, protein2 and combined_score"
    first = head.rows[-1]
    if len(first) >= 2 and all(TAXON_PREFIX.match(f) for f in first[:2]):
        return f"its names carry a taxon prefix ({first[0]})"
    return None


def read(head: Head, ask: Ask) -> Parsed:
    """Read a links file; proteins become genes by the companion, each pair is stored once with directed=False.

    Scores are the file's divided by 1000. `combined_score` is taken as it is (STRING's own, prior included);
    a `full` file's direct and transferred channels are combined by STRING's rule (see string_channels).

    Raises:
        InputError: the file is itself a companion, has none beside it or one of another organism, or is of
            another organism than asked for.
        MissingColumn: no combined_score. BadValues: a score is not a number in 0..1000.
        UnreadableFile: the file breaks off.
    """
    if is_info(head) or is_aliases(head):
        raise InputError(
            f"{head.path.name} is a companion of STRING's protein.links: it names proteins and holds no edge. "
            f"Ingest the protein.links file and pass this one as info={head.path.name} (--info)."
        )
    taxon = taxon_of(head)
    organism = of_taxon(taxon)
    if ask.organism and organism not in ("unknown", ask.organism):
        raise InputError(
            f"{head.path.name} holds proteins of {called(organism)}, but organism={ask.organism} (--organism) was "
            f"asked for. {other_file(ask.organism)}"
        )
    info = ask.info or find_companion(head.path, taxon)
    proteins = read_names(info)
    check_companion(head, taxon, proteins, info.name)
    names = proteins["name"].unique().sort()
    number = names.to_frame("name").with_row_index("gene")
    codes = proteins.join(number, on="name").select("protein", pl.col("gene").cast(pl.UInt32))
    gathered, tally = gather(head, ask, codes)
    rows = unpacked(gathered)
    del gathered
    used = pl.concat([rows["source"].unique(), rows["target"].unique()]).unique().sort()
    if len(used) < len(names):
        rows = rows.with_columns(
            pl.col("source", "target").replace_strict(used, pl.arange(len(used), eager=True, dtype=pl.UInt32))
        )
    counts = {
        "n_lines": tally.lines,
        "n_malformed": tally.malformed,
        "n_unmapped_lines": tally.lost,
        "n_self_loops": tally.loops,
        "n_merged": tally.lines - tally.lost - tally.loops - tally.dropped - rows.height,
        "n_dropped_by_score": tally.dropped,
    }
    channels = [c for c in CHANNELS if c in rows.columns]
    said = [f"protein ids became gene symbols by {info.name} ({proteins.height:,} proteins)"]
    if channels:
        said.append(f"channels kept: {', '.join(channels)}")
    return Parsed(
        "edges", names.gather(used).to_list(), rows,
        organism=organism, unmapped=sorted(tally.unmapped), counts=counts, said=said, companions=(info,),
    )  # fmt: skip


def taxon_of(head: Head) -> str:
    """The taxon prefix of the first protein."""
    for row in head.rows:
        if row and (found := TAXON_PREFIX.match(row[0])):
            return found.group(1)
    raise InputError(
        f"{head.path.name} does not hold STRING protein ids such as 9606.ENSP00000000233; it holds "
        f"'{head.rows[-1][0]}'. If it already names genes, pass kind='associations' (--kind associations)."
    )


def check_companion(head: Head, taxon: str, proteins: pl.DataFrame, info: str) -> None:
    """Raise InputError when the companion is of another organism, naming both."""
    taxa = proteins["protein"].str.extract(r"^(\d+)\.").drop_nulls().unique().to_list()
    if taxon not in taxa:
        theirs = " and ".join(
            sorted(f"{called(of_taxon(t))}" if of_taxon(t) != "unknown" else f"taxon {t}" for t in taxa)
        )
        ours = called(of_taxon(taxon)) if of_taxon(taxon) != "unknown" else f"taxon {taxon}"
        raise InputError(
            f"{head.path.name} holds proteins of {ours}, but {info} holds those of {theirs or 'no taxon at all'}. "
            f"Pass info={taxon}.protein.info.*.txt.gz (--info)."
        )


def gather(head: Head, ask: Ask, codes: pl.DataFrame) -> tuple[pl.DataFrame, Tally]:
    """All edges as pair (both gene numbers in one UInt64, the lower first), score and channels, each pair once.

    Only edges of at least `min_score` are held; of the others the pair alone, to count them.
    """
    tally = Tally(set())
    least = math.ceil(round(ask.min_score * 1000, 6))
    parts: list[pl.DataFrame] = []
    low: list[pl.Series] = []
    loose = 0
    for batch in batches(head, ask, tally):
        tally.lines += batch.height
        coded = batch.join(codes.rename({"protein": "protein1", "gene": "a"}), on="protein1", how="left").join(
            codes.rename({"protein": "protein2", "gene": "b"}), on="protein2", how="left"
        )
        for name, code in (("protein1", "a"), ("protein2", "b")):
            tally.unmapped.update(coded.filter(pl.col(code).is_null())[name].unique().fill_null("(empty)").to_list())
        known = coded.drop("protein1", "protein2").drop_nulls(["a", "b"])
        part = known.filter(pl.col("a") != pl.col("b"))
        tally.lost += coded.height - known.height
        tally.loops += known.height - part.height
        first, second = (e.cast(pl.UInt64) for e in (pl.min_horizontal("a", "b"), pl.max_horizontal("a", "b")))
        part = part.select((first * HALF + second).alias("pair"), pl.exclude("a", "b"))
        enough = part["score"] >= least
        low.append(part.filter(~enough)["pair"])
        parts.append(part.filter(enough))
        loose += part.height
        if loose > COMPACT_AT:
            parts, low, loose = [compact(parts)], [pl.concat(low).unique()], 0
    edges = compact(parts).sort("pair")
    dropped = pl.concat(low).unique()
    tally.dropped = int((~dropped.is_in(edges["pair"].implode())).sum()) if len(dropped) else 0
    return edges, tally


def compact(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Fold repeated pairs (STRING lists each in both directions) into one with the largest value of each column."""
    return pl.concat(parts).group_by("pair").agg(pl.all().max())


def unpacked(edges: pl.DataFrame) -> pl.DataFrame:
    """Pairs and thousandths as the normalised frame: source, target, directed, sign, score, channels."""
    ends = (
        (pl.col("pair") // HALF).cast(pl.UInt32).alias("source"),
        (pl.col("pair") % HALF).cast(pl.UInt32).alias("target"),
    )
    values = ((pl.col(c).cast(pl.Float32) / 1000).cast(pl.Float32) for c in edges.columns if c != "pair")
    return edges.select(*ends, pl.lit(False).alias("directed"), pl.lit(0, pl.Int8).alias("sign"), *values)


FORMATS = (
    PriorFormat(
        "string",
        "STRING protein.links, .detailed, .full and physical, .txt or .txt.gz",
        recognise,
        read,
        needs="protein.info or protein.aliases of the same taxon",
        reference="Szklarczyk et al., The STRING database in 2023, Nucleic Acids Res. 51:D638",
    ),
)

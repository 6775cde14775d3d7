"""Gene sets (GMT) and lists of transcription factors."""

from __future__ import annotations

import polars as pl

from perturbome.ingest.priors.edges import clean
from perturbome.ingest.priors.opening import Head, whole
from perturbome.ingest.priors.record import Ask, Parsed, PriorFormat
from perturbome.ingest.priors.tables import optional_column, read_table
from perturbome.platform.errors import MissingColumn, UnreadableFile

NAMES = ("TF", "HGNC symbol", "Name", "symbol", "gene", "gene_name", "Gene", "TF_name")
FLAGS = ("Is TF?", "isTF?", "is_tf", "isTF")


def is_gmt(head: Head) -> str | None:
    """The ending .gmt, or tab-separated lines of very different length."""
    if ".gmt" in head.path.name.casefold():
        return "its name ends in .gmt"
    widths = [len(row) for row in head.rows]
    if head.separator == "\t" and len(set(widths)) > 1 and max(widths) > 8 and min(widths) >= 3:
        return "its lines hold a name, a description and a varying number of genes"
    return None


def read_gmt(head: Head, ask: Ask) -> Parsed:
    """GMT: set, description, genes; a weight after a comma ('GENE,1.0', Enrichr) is taken off.

    Raises:
        UnreadableFile: no line holds a set with a gene.
    """
    text = whole(head.path).read().decode("utf-8-sig", errors="replace")
    lines = pl.Series("line", text.splitlines(), dtype=pl.String)
    lines = lines.filter(lines.str.strip_chars() != "")
    parts = lines.str.splitn("\t", 3).struct.unnest()
    table = (
        parts.rename({"field_0": "gene_set", "field_1": "description", "field_2": "gene"})
        .drop_nulls("gene")
        .with_columns(pl.col("gene").str.strip_chars_end("\t \r").str.split("\t"))
        .explode("gene")
        .with_columns(
            pl.col("gene").str.replace(r",[-0-9.eE]+$", ""), pl.col("gene_set", "description").str.strip_chars()
        )
    )
    genes = clean(table["gene"])
    unmapped = table["gene"].filter(genes.is_null()).fill_null("").replace("", "(empty)").unique().sort().to_list()
    kept = table.with_columns(genes.alias("gene")).drop_nulls("gene")
    if kept.is_empty():
        raise UnreadableFile(
            f"{head.path.name} holds no gene set: a GMT line is set, description, genes, tab-separated."
        )
    unique = kept.unique(["gene_set", "gene"], keep="first", maintain_order=True)
    names = unique["gene"].unique().sort()
    rows = unique.select(
        "gene_set",
        pl.col("gene").replace_strict(names, pl.arange(len(names), eager=True, dtype=pl.UInt32)),
        "description",
    )
    n_sets = rows["gene_set"].n_unique()
    empty = parts["field_0"].str.strip_chars().n_unique() - n_sets
    counts = {"n_lines": len(lines), "n_malformed": empty, "n_merged": kept.height - unique.height, "n_sets": n_sets}
    said = [f"{empty:,} sets without a gene were left out"] if empty else []
    return Parsed("gene_sets", names.to_list(), rows, unmapped=unmapped, counts=counts, said=said)


def is_tf_list(head: Head) -> str | None:
    """One name per line, or a table with a TF column and no target, or Lambert's 'Is TF?'."""
    if any(flag.casefold() in head.header for flag in FLAGS):
        return "its header asks 'Is TF?' (Lambert et al. 2018)"
    if "tf" in head.header and not {"target", "gene", "importance"} & set(head.header):
        return "its header has a TF column and no target"
    if all(len(row) == 1 for row in head.rows):
        return "it holds one name per line"
    return None


def read_tf_list(head: Head, ask: Ask) -> Parsed:
    """Names of regulators; where a column says 'Is TF?', only rows that say yes.

    Raises:
        MissingColumn: a table without a column of names.
    """
    single = all(len(row) == 1 for row in head.rows)
    header = not single or head.header[0] in {n.casefold() for n in (*NAMES, "tfs", "regulator")}
    table = read_table(head, header=header)
    names = table[table.columns[0]] if single else optional_column(table, *NAMES)
    if names is None:
        raise MissingColumn("TF", head.path.name, table.columns, f"Other spellings read: {', '.join(NAMES)}.")
    said: list[str] = []
    flags = optional_column(table, *FLAGS)
    no = 0
    if flags is not None:
        yes = flags.fill_null("").str.strip_chars().str.to_lowercase().is_in(["yes", "y", "true", "1"])
        no = int((~yes).sum())
        names = names.filter(yes)
        said.append(f"{no:,} genes marked as no transcription factor were left out")
    genes = clean(names)
    unmapped = names.filter(genes.is_null()).fill_null("").replace("", "(empty)").unique().sort().to_list()
    kept = genes.drop_nulls()
    unique = kept.unique(maintain_order=True)
    if unique.is_empty():
        raise UnreadableFile(f"{head.path.name} names no transcription factor.")
    rows = pl.DataFrame({"gene": pl.arange(len(unique), eager=True, dtype=pl.UInt32)})
    counts = {"n_lines": table.height, "n_malformed": len(names) - len(kept), "n_merged": len(kept) - len(unique),
              "n_not_regulators": no}  # fmt: skip
    return Parsed("regulators", unique.to_list(), rows, unmapped=unmapped, counts=counts, said=said)


FORMATS = (
    PriorFormat("gmt", "GMT gene sets: set, description, genes", is_gmt, read_gmt, content="gene_sets"),
    PriorFormat("tf_list", "transcription factors: one per line, a TF column, or Lambert's 'Is TF?'", is_tf_list,
                read_tf_list, content="regulators", reference="Lambert et al., Cell 2018, 172:650"),
)  # fmt: skip

"""The genes of a file: symbols and Ensembl ids, whose they are, and which columns are the same gene."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import scipy.sparse as sp

from perturbome.ingest.lettercase import spell_as
from perturbome.ingest.organism import asked_organism, organism_name
from perturbome.ingest.symbols import (
    ENSEMBL,
    ENTREZ,
    guess_organism,
    kind_of,
    mend_symbols,
    strip_genome,
    strip_version,
)
from perturbome.ingest.words import many
from perturbome.platform.errors import InputError

SYMBOL_COLUMNS = ("gene_symbol", "gene_symbols", "gene_name", "gene_names", "feature_name", "symbol", "hgnc_symbol",
                  "gene_short_name", "symbols", "name", "gene")  # fmt: skip
ENSEMBL_COLUMNS = ("gene_ids", "gene_id", "ensembl_id", "ensembl", "feature_id", "ensembl_gene_id", "ensemblid",
                   "ensembl_ids", "soma_joinid_ensembl")  # fmt: skip


@dataclass(frozen=True)
class Genes:
    """The genes of a file in the order of its columns; `ensembl` holds None where there is no such id."""

    symbols: list[str]
    ensembl: list[str | None]
    organism: str
    said: list[str] = field(default_factory=list)
    former: dict[str, str] = field(default_factory=dict)  # the file's spelling -> ours, where it was changed

    def __len__(self) -> int:
        return len(self.symbols)

    @property
    def known(self) -> frozenset[str]:
        """Every name under which a perturbation may mean one of these genes."""
        return frozenset(self.symbols) | {e for e in self.ensembl if e} | self.former.keys()


def read_genes(var: pd.DataFrame, organism: str | None = None, stated: str | None = None) -> Genes:
    """Read symbols, Ensembl ids and the organism from var.

    `organism` is what the user says, `stated` what the file says elsewhere (obs or uns).
    """
    said: list[str] = []
    names = [str(n).strip() for n in var.index]
    index = strip_genome(names)
    if index != names:
        said.append("A genome prefix was taken off the gene names.")
    symbols, ensembl = list(index), [strip_version(n) if ENSEMBL.match(n) else None for n in index]
    folded = {str(c).casefold(): c for c in var.columns}
    n_ensembl = sum(e is not None for e in ensembl)

    if n_ensembl < len(index):
        column, ids = _column(var, folded, ENSEMBL_COLUMNS, lambda v: bool(ENSEMBL.match(v)))
        if column:
            ensembl = [
                own or (strip_version(i) if ENSEMBL.match(i) else None) for own, i in zip(ensembl, ids, strict=True)
            ]
            said.append(f"Ensembl ids are taken from var['{column}'].")
    numbers = [bool(ENTREZ.match(s)) for s in symbols]
    if n_ensembl or any(numbers):
        column, named = _column(
            var, folded, SYMBOL_COLUMNS, lambda v: bool(v) and not ENSEMBL.match(v) and not ENTREZ.match(v)
        )
        if column:
            better = [bool(e) or number for e, number in zip(ensembl, numbers, strict=True)]
            symbols = [n if n and n != "nan" and b else s for s, b, n in zip(symbols, better, named, strict=True)]
            said.append(f"Gene symbols are taken from var['{column}'].")
        symbols = [strip_version(s) for s in symbols]

    kinds = Counter(kind_of(n) for n in index)
    if len(kinds) > 1 and kinds.most_common(2)[1][1] >= max(2, 0.001 * len(index)):
        parts = ", ".join(f"{n:,} {_KIND[k]}" for k, n in kinds.most_common())
        said.append(f"Gene identifiers are mixed: {parts}. Each is kept under what it is.")
    if sum(bool(ENTREZ.match(s)) for s in symbols) > 0.5 * len(index):
        said.append("Most gene names are plain numbers (Entrez ids?); they are kept as they are, and no prior will "
                    "know them. A column of symbols in var, such as 'gene_symbol', would be used.")  # fmt: skip

    guessed, why = guess_organism([e or s for s, e in zip(symbols, ensembl, strict=True)])
    chosen = asked_organism(organism) if organism is not None else organism_name(stated) if stated else guessed
    if not organism:
        said.append(
            f"Organism: {chosen} ({'stated in the file' if stated else why})."
            + ("" if chosen != "unknown" else " Pass --organism: human, mouse, yeast, or any other word.")
        )
    if organism and guessed not in ("unknown", chosen):
        said.append(f"Organism: {chosen}, as told; the gene names look like {guessed} ({why}).")

    spelt, case_said = spell_as(symbols, chosen)
    mended = mend_symbols(spelt, chosen)
    former = {a: b for a, b in zip(symbols, spelt, strict=True) if a != b}
    return Genes(mended.symbols, ensembl, chosen, said + case_said + mended.said(), former)


_KIND = {"ensembl": "Ensembl ids", "symbol": "symbols", "yeast": "systematic yeast names", "entrez": "numbers"}


def _column(var: pd.DataFrame, folded: dict[str, str], names: Sequence[str], fits: object) -> tuple[str, list[str]]:
    """The first column of var named so of which more than half the values fit; ('', []) if there is none."""
    assert callable(fits)
    for name in names:
        if name in folded:
            values = [str(v).strip() for v in var[folded[name]]]
            if values and sum(bool(fits(v)) for v in values) > 0.5 * len(values):
                return str(folded[name]), values
    return "", []


@dataclass(frozen=True)
class Columns:
    """How the file's columns become the data set's: which are kept, and which are added to which."""

    keep: np.ndarray  # [n_stored] column of the file that names the stored gene
    target: np.ndarray  # [n_file] stored column of each of the file's columns

    @property
    def trivial(self) -> bool:
        """True where nothing is summed."""
        return len(self.keep) == len(self.target)

    def apply(self, piece: sp.csr_matrix) -> sp.csr_matrix:
        """Sum the columns of a piece that are the same gene."""
        if self.trivial:
            return piece
        return sp.csr_matrix((piece.data, self.target[piece.indices], piece.indptr), (piece.shape[0], len(self.keep)))


def same_gene_columns(identity: Sequence[str]) -> Columns:
    """Group columns by the id of their gene; order is that of first appearance."""
    codes, unique = pd.factorize(np.asarray(identity, dtype=object))
    first = np.full(len(unique), len(codes), dtype=np.int64)
    np.minimum.at(first, codes, np.arange(len(codes)))
    return Columns(first, codes.astype(np.int32))


def require_summable(columns: Columns, genes: Genes, state: str, make_unique: bool) -> str:
    """Say what happens to duplicated genes; InputError where the values cannot be summed and nobody decided."""
    counts = np.bincount(columns.target)
    doubled = [genes.symbols[int(columns.keep[i])] for i in np.flatnonzero(counts > 1)]
    listing = ", ".join(doubled[:5]) + (", ..." if len(doubled) > 5 else "")
    extra = many(int((counts - 1).sum()), "column names", "columns name")
    if state == "counts":
        return f"{extra} a gene that is there already ({listing}): the counts are summed."
    if make_unique:
        return f"{extra} a gene that is there already ({listing}): kept apart as NAME-1, NAME-2, ..."
    raise InputError(
        f"Duplicated genes: {listing} ({len(doubled)} in all), and {state} values cannot be summed. "
        "Pass --make-unique to keep them apart as NAME-1, NAME-2, or give the counts by --layer or --state counts."
    )


def made_unique(names: Sequence[str]) -> list[str]:
    """Append -1, -2, ... to the second and later of equal names, avoiding names already there."""
    taken, seen, out = set(names), Counter[str](), []
    for name in names:
        seen[name] += 1
        new = name
        number = seen[name] - 1
        while number and (new := f"{name}-{number}") in taken:
            number += 1
        taken.add(new)
        out.append(new)
    return out

"""What an organism is called: our word for it, and whether a word is one or a slip of the hand."""

from __future__ import annotations

import difflib

from perturbome.platform.errors import InputError

_NAMES = {
    "human": ("human", "homo sapiens", "h. sapiens", "hsapiens", "homo", "ncbitaxon:9606", "9606", "hs"),
    "mouse": ("mouse", "mice", "mus musculus", "m. musculus", "mmusculus", "ncbitaxon:10090", "10090", "mm"),
    "yeast": ("yeast", "saccharomyces cerevisiae", "s. cerevisiae", "scerevisiae", "ncbitaxon:4932", "4932",
              "ncbitaxon:559292", "559292"),
    "rat": ("rat", "rattus norvegicus", "r. norvegicus", "ncbitaxon:10116", "10116"),
    "zebrafish": ("zebrafish", "danio rerio", "d. rerio", "ncbitaxon:7955", "7955"),
    "fly": ("fly", "drosophila", "drosophila melanogaster", "d. melanogaster", "ncbitaxon:7227", "7227"),
    "worm": ("worm", "caenorhabditis elegans", "c. elegans", "ncbitaxon:6239", "6239"),
    "chicken": ("chicken", "gallus gallus", "ncbitaxon:9031", "9031"),
    "pig": ("pig", "sus scrofa", "ncbitaxon:9823", "9823"),
    "arabidopsis": ("arabidopsis", "arabidopsis thaliana", "a. thaliana", "ncbitaxon:3702", "3702"),
}  # fmt: skip
_WORDS = {word: name for name, words in _NAMES.items() for word in words}
_NEAR = 0.8  # of difflib's ratio: one letter lost, added or swapped in a word of five


def organism_name(text: str) -> str:
    """Our word for an organism named in any usual way; the folded text itself where it is none of ours."""
    folded = text.strip().casefold()
    return _WORDS.get(folded, folded)


def asked_organism(text: str) -> str:
    """`organism_name` of what a person typed; InputError for a word that is nearly, but not quite, one of ours.

    Any other word names an organism of its own.
    """
    name = organism_name(text)
    # Taxon numbers differ by a digit and mean different organisms.
    plain = [word for word in _WORDS if not any(c.isdigit() for c in word)]
    near = [] if name in _NAMES else difflib.get_close_matches(name, plain, n=1, cutoff=_NEAR)
    if not name:
        raise InputError(f"The organism is empty. Known: {', '.join(_NAMES)}; any other word is taken as it is.")
    if near:
        raise InputError(
            f"Unknown organism '{text}'. Did you mean '{_WORDS[near[0]]}'? Known: {', '.join(_NAMES)}; "
            "any other organism may be named by a word that is not nearly one of these."
        )
    return name

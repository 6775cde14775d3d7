"""Warnings of the published scorer: off the screen, a sentence for each kind."""

import logging

from perturbome.models.referee.library_words import heard, sentences

GATE = (
    "%s: %d of %d perturbation(s) not scored -- outside the reference-only gate (%s). The gate reads the reference "
    "alone, so this set is the same for every submission (issue #391)."
)


def test_a_sentence_for_each_kind_and_nothing_on_the_screen(capsys, caplog):
    logger = logging.getLogger("cell_eval2.run")
    before = (logging.getLogger("cell_eval2").handlers, logging.getLogger("cell_eval2").propagate)
    with heard() as records:
        for metric in ("delta_pearson", "de_overlap", "delta_pearson"):
            logger.warning(GATE, metric, 3, 5, "no significant gene: 3")
        logger.warning(GATE, "de_spearman", 1, 5, "fewer than 10 genes: 1")
        logger.warning("something else")
        logger.info("not a warning")
    assert (logging.getLogger("cell_eval2").handlers, logging.getLogger("cell_eval2").propagate) == before
    assert not caplog.records
    assert not capsys.readouterr().err
    first = "3 of 5 perturbation(s) not scored: outside the reference-only gate (no significant gene: 3)."
    assert sentences(records) == (
        f"cell-eval2, delta_pearson, de_overlap, de_spearman: {first}", "cell-eval2: something else",
    )  # fmt: skip


def test_nothing_heard_is_nothing_said():
    with heard() as records:
        pass
    assert sentences(records) == ()

"""Word errors compared with the stored baseline of the same model, corpus, toolchain and kind of machine."""

from __future__ import annotations

import pytest

from fixtures.gates.check import Check
from wergate.gates.regression import Regression
from wergate.verdict import Verdict


def test_word_errors_are_not_more_than_stored(wer_regression: Regression, check: Check) -> None:
    """Word errors do not exceed the baseline; changed transcripts are shown, incomparable baselines are skipped."""
    if wer_regression.verdict is None:
        pytest.skip(wer_regression.line)
    changes = "\n".join(wer_regression.changes)
    print(changes)
    check(wer_regression.verdict, detail=changes)


def test_reference_model_makes_the_stored_errors(reference_errors: Verdict | str, check: Check) -> None:
    """The same reference model makes the same number of word errors as when a baseline was stored."""
    if isinstance(reference_errors, str):
        pytest.skip(reference_errors)
    check(reference_errors)

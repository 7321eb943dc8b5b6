"""Word errors are no more than when the baseline of this model, corpus, toolchain and kind of machine was stored."""

from __future__ import annotations

import pytest

from fixtures.gates.check import Check
from wergate.gates.regression import Regression


def test_word_errors_are_not_more_than_stored(wer_regression: Regression, check: Check) -> None:
    """Each utterance that is transcribed otherwise is shown, then and now; what is not comparable is skipped aloud."""
    if wer_regression.verdict is None:
        pytest.skip(wer_regression.line)
    changes = "\n".join(wer_regression.changes)
    print(changes)
    check(wer_regression.verdict, detail=changes)

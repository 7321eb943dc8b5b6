"""Faults in the gates themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.mutations.fault import Fault, Scratch
from wergate.config.thresholds import Thresholds
from wergate.evaluation.evaluation import Evaluation
from wergate.gates import ir, wer
from wergate.models.variant import Variant
from wergate.session.models import Models
from wergate.verdict import Status, Verdict

_CANARIES = "test_known_bad_figures_fail"


def _loosened(thresholds: Thresholds) -> Thresholds:
    return thresholds.model_copy(update={"wer_drop_max": 2 * thresholds.wer_drop_max})


def _held_loosely(found: Evaluation) -> Evaluation:
    variant = replace(found.variant, thresholds=_loosened(found.variant.thresholds))
    return replace(found, variant=variant)


def loosen_a_threshold(_: Scratch) -> None:
    """Double the threshold in one verdict function."""
    verdict = wer.wer_verdict
    wer.wer_verdict = lambda found, **named: verdict(_held_loosely(found), **named)


def loosen_on_the_way(_: Scratch) -> None:
    """Make the session use another threshold than suite.toml states."""
    handed_out = Models.variant

    def loosened(*given: Any) -> Variant:
        variant = handed_out(*given)
        return replace(variant, thresholds=_loosened(variant.thresholds))

    Models.variant = loosened


def always_pass(_: Scratch) -> None:
    Verdict.status = property(lambda _: Status.PASS)


def pass_one_gate(_: Scratch) -> None:
    """Make one verdict function report its threshold as the value."""
    size = ir.size_verdict

    def passing(*given: Any, **named: Any) -> Verdict:
        verdict = size(*given, **named)
        return Verdict(**vars(verdict) | {"value": verdict.threshold})

    ir.size_verdict = passing


FAULTS = (
    Fault("a threshold loosened in code", _CANARIES, loosen_a_threshold),
    Fault("a threshold loosened on its way to the gates", _CANARIES, loosen_on_the_way),
    Fault("a verdict function that always passes", _CANARIES, pass_one_gate),
    Fault("verdicts that all pass", _CANARIES, always_pass),
)

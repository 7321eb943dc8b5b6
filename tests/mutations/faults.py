"""All faults, in the order of the table."""

from __future__ import annotations

from tests.mutations import (
    baseline_faults,
    corpus_faults,
    ir_faults,
    label_faults,
    portability_faults,
    speed_faults,
    stream_faults,
    transcript_faults,
    unforeseen_faults,
    verdict_faults,
)
from tests.mutations.fault import Fault

FAULTS: tuple[Fault, ...] = (
    *ir_faults.FAULTS,
    *corpus_faults.FAULTS,
    *label_faults.FAULTS,
    *transcript_faults.FAULTS,
    *stream_faults.FAULTS,
    *baseline_faults.FAULTS,
    *portability_faults.FAULTS,
    *verdict_faults.FAULTS,
    *unforeseen_faults.FAULTS,
    *speed_faults.FAULTS,
)

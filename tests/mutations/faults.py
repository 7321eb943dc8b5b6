"""All faults, in the order of the table."""

from __future__ import annotations

import baseline_faults
import corpus_faults
import ir_faults
import label_faults
import portability_faults
import speed_faults
import transcript_faults
import verdict_faults
from fault import Fault

FAULTS: tuple[Fault, ...] = (
    *ir_faults.FAULTS,
    *corpus_faults.FAULTS,
    *label_faults.FAULTS,
    *transcript_faults.FAULTS,
    *baseline_faults.FAULTS,
    *portability_faults.FAULTS,
    *verdict_faults.FAULTS,
    *speed_faults.FAULTS,
)

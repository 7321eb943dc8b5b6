"""All faults, in the order of the table."""

from __future__ import annotations

import ir_faults
from fault import Fault

FAULTS: tuple[Fault, ...] = (*ir_faults.FAULTS,)

"""May B replace A? `pytest benchmarks/test_duel.py --duel A --duel B`, or `wergate duel A B`.

Each side runs in its own process, and their calls alternate. This takes minutes, so a plain run leaves it out.
"""

from __future__ import annotations

import pytest

from fixtures.gates.check import Check
from fixtures.studies.duel import HoldDuel


@pytest.mark.study("duel")
def test_b_replaces_a(hold_duel: HoldDuel, model: str, replacement: str, check: Check) -> None:
    """B makes no more word errors than A, and takes no more time."""
    check(*hold_duel(model, replacement))

"""The peak memory of a run: of its largest process, against the budget of its models."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from wergate.timing.memory import peak_rss_bytes
from wergate.timing.peak import budget_gb, largest_process_bytes, peak_verdict
from wergate.verdict import Status

MODELS = ("small", "large")


def test_memory_that_was_freed_counts() -> None:
    """A peak stays, whatever happens after it."""
    before = largest_process_bytes()
    ballast = np.ones(before // 8 + 2**25)  # of eight bytes each
    size = ballast.nbytes
    del ballast
    assert largest_process_bytes() > size


def test_a_child_may_be_the_largest_process() -> None:
    """A build in a process of its own counts after its end."""
    size = peak_rss_bytes() + 2**28
    code = f"held = bytearray({size}); held[::4096] = b'x' * len(held[::4096])"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert largest_process_bytes() > size


def test_the_largest_budget_counts() -> None:
    """A run with a large model may take more; one with an unknown model is not judged."""
    budgets = {"small": 4.0, "large": 7.0}
    assert (4.0, 7.0) == (budget_gb(["small"], budgets), budget_gb(["small", "large"], budgets))
    assert (None, None) == (budget_gb(["small", "mine"], budgets), budget_gb([], budgets))


def test_a_peak_above_the_budget_fails() -> None:
    """The line has the peak in GB, and a failure doubts no transcript."""
    within, beyond = peak_verdict(3_900_000_000, 4.0, MODELS), peak_verdict(4_100_000_000, 4.0, MODELS)
    assert (Status.PASS, Status.FAIL, "latency") == (within.status, beyond.status, beyond.kind)
    assert "peak_memory_gb=4.1, but should be <= 4" in beyond.line

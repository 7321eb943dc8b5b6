"""Remark on a run that timed speech and judged none of it."""

from __future__ import annotations

from collections.abc import Iterable

from wergate.report.rows.verdicts import VerdictRow
from wergate.timing.rows import BenchmarkRow, RatioRow

_GROUPS = {"latency", "throughput"}


def unjudged_latency(
    benchmarks: Iterable[BenchmarkRow], ratios: Iterable[RatioRow], verdicts: Iterable[VerdictRow]
) -> str:
    """Return why no gate has judged the speed that a run measured; empty if one has, or if nothing was timed.

    A run of benchmarks also gates the answers of the timed models: its PASS alone would look like one of speed.
    """
    noises = [row.noise for row in benchmarks if row.group in _GROUPS] + [row.noise for row in ratios]
    if not noises or any(row.gate.startswith("speedup_over_") for row in verdicts):
        return ""
    return f"latency: not judged ({'noisy' if all(noises) else 'no threshold'})"

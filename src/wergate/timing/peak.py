"""Peak memory of a run: the resident memory of its largest process, against a budget."""

from __future__ import annotations

import resource
import sys
from collections.abc import Mapping, Sequence

from wergate.timing.memory import peak_rss_bytes
from wergate.verdict import Verdict

_GB = 1e9


def largest_process_bytes() -> int:
    """Return the peak resident memory of this process or of its largest finished child, in bytes."""
    # Linux starts a child with the peak of its parent. That is below the parent's own peak, so the larger one is right.
    unit = 1 if sys.platform == "darwin" else 1024
    return max(peak_rss_bytes(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit)


def budget_gb(models: Sequence[str], by_model: Mapping[str, float]) -> float | None:
    """Return the largest budget of the models of a run in GB, or None if one of them has none."""
    return max(by_model[model] for model in models) if models and {*models} <= {*by_model} else None


def peak_verdict(peak_bytes: int, budget: float, models: Sequence[str]) -> Verdict:
    """Gate the peak memory of a run; `budget` is in GB."""
    return Verdict(
        gate="peak_memory_gb",
        subject="this run",
        value=peak_bytes / _GB,
        relation="<=",
        threshold=budget,
        scope=f"{', '.join(models)}, the largest process",
        remedy="find the test after which memory stays high, and what keeps its models alive",
        kind="latency",
    )

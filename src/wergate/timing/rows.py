"""Rows of the results about time."""

from __future__ import annotations

from pydantic import Field

from wergate.evaluation.rows import IntervalRow, ResultRow


class SeenRow(ResultRow):
    """What else the machine did during a measurement; shares of all CPU time, null where it was too short to tell."""

    governor: str
    load_before: float
    load_after: float
    steal: float | None
    others: float | None


class BenchmarkRow(ResultRow):
    """One measurement of pytest-benchmark; latencies in milliseconds, `rtfx` in audio seconds per second.

    `group` is latency, throughput or build; `baseline_ms` is the stored median that it was compared with. A build has
    the seconds of its two steps and its peak memory. `p90_ms` and `p99_ms` take 64 and 662 rounds. `noise` names what
    was noisy; `advisory` what differs from the baseline's machine and versions, so that its times prove nothing here.
    """

    test: str
    group: str | None
    model: str | None
    name: str
    rounds: int
    median_ms: float
    min_ms: float
    max_ms: float
    iqr_ms: float
    baseline_ms: float | None = None
    rtfx: float | None = None
    convert_s: float | None = None
    quantize_s: float | None = None
    peak_rss_mb: float | None = None
    p90_ms: float | None = None
    p99_ms: float | None = None
    seen: SeenRow | None = None
    noise: list[str] = Field(default=[])
    advisory: list[str] = Field(default=[])


class RatioRow(ResultRow):
    """How many times as fast `fast` is as `slow`, timed in turns: medians in milliseconds over `rounds` of each.

    `slow` is another recognizer, or "baseline": the build that the stored baseline was measured with.
    """

    model: str
    duration_s: float
    fast: str
    slow: str
    ratio: float
    interval: IntervalRow
    rounds: int
    fast_ms: float
    slow_ms: float
    seen: SeenRow | None = None
    noise: list[str] = Field(default=[])

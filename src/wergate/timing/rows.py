"""Rows of the results with times."""

from __future__ import annotations

from pydantic import Field

from wergate.evaluation.rows import IntervalRow, ResultRow


class SeenRow(ResultRow):
    """Activity of the machine during a measurement.

    `steal` and `others` are shares of all CPU time, or null if unknown. A load is the mean number of runnable tasks
    over the last minute. `throttled` and `throttled_s` say how often and how long the CPU quota stopped the process, or
    are null without a quota.
    """

    governor: str
    load_before: float
    load_after: float
    steal: float | None
    others: float | None
    throttled: int | None = None
    throttled_s: float | None = None


class BenchmarkRow(ResultRow):
    """One measurement of pytest-benchmark; times are in milliseconds, `rtfx` in seconds of audio per second.

    `group` is latency, throughput or build. `baseline_ms` is the stored median. A build has the seconds of its two
    steps and its peak memory. `p90_ms` needs 64 rounds, and `p99_ms` needs 662. `noise` lists the kinds of noise.
    `advisory` lists differences in machine and versions that make a comparison with the baseline advisory.
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


class SideLoadRow(ResultRow):
    """Load on the two sides of a ratio: share of their time that their calls waited for a CPU that others had, or null.

    `void_blocks` of all `blocks` do not count, because their sides saw different load. `shift` is the factor by which
    the interval is wider for a difference that was left. `missing` lists what the system does not report.
    """

    fast: float | None
    slow: float | None
    blocks: int
    void_blocks: int
    shift: float
    missing: list[str] = Field(default=[])


class RatioRow(ResultRow):
    """Speed-up of `fast` over `slow` from interleaved timing; both medians are in milliseconds over `rounds` calls.

    `slow` is another recognizer, or "baseline", the build behind the stored baseline. Each side was compiled
    `compilations` times; the reference model is loaded once.
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
    compilations: int = 1
    load: SideLoadRow | None = None
    seen: SeenRow | None = None
    noise: list[str] = Field(default=[])

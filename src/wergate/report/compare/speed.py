"""Speed of two runs: compared only if the machine, the settings and the versions are the same."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from wergate.evaluation.rows import IntervalRow
from wergate.report.results import Results
from wergate.timing.comparable import DECISIVE, Info, differences


@dataclass(frozen=True)
class SpeedUp:
    """A speed-up in two runs.

    Attributes:
        name: what was timed over what, and the seconds of speech.
        model: the model.
        ratios: the speed-up in A and in B.
        intervals: the interval of each; a bound is None if it is not finite.
        change: ratio of B's speed-up to A's.
        low, high: interval of the change; None where a run has no interval.
        noise: kinds of noise that a run reports.
    """

    name: str
    model: str
    ratios: tuple[float, float]
    intervals: tuple[IntervalRow, IntervalRow]
    change: float
    low: float | None
    high: float | None
    noise: tuple[str, ...]


@dataclass(frozen=True)
class Latency:
    """A benchmark in two runs: the median time in A and in B, in milliseconds."""

    name: str
    model: str
    medians_ms: tuple[float, float]

    @property
    def change(self) -> float:
        """Time in B over the time in A."""
        return self.medians_ms[1] / self.medians_ms[0]


def machine_info(run: Results) -> Info:
    """Return what the times of a run depend on, as far as its results say it."""
    cpu: dict[str, Any] = {
        "model": run.cpu.model,
        "family": run.cpu.family or "unknown",
        "isa": run.cpu.isa,
        "cores": run.cpu.cores,
        "quota": run.cpu.quota,
    }
    return {
        "cpu": cpu,
        "versions": {name: run.versions[name] for name in DECISIVE if name in run.versions},
        "environment": dict(run.environment),
        "device": run.options.get("device"),
        "inference_precision": run.options.get("inference_precision"),
    }


def not_comparable(first: Results, second: Results) -> str:
    """Return why times of two runs may not be compared, in one sentence; empty if they may."""
    if not all(run.ratios or run.benchmarks for run in (first, second)):
        timed = [name for name, run in (("A", first), ("B", second)) if run.ratios or run.benchmarks]
        who = f"only {timed[0]} timed anything" if timed else "neither run timed anything"
        return f"Speed is not compared: {who}."
    found = list(differences(first=machine_info(first), second=machine_info(second)))
    parts = "; ".join(f"{one.name} is {one.first} in A, but {one.second} in B" for one in found)
    return f"Speed is not compared: {parts}." if found else ""


def speed_ups(first: Results, second: Results) -> Iterator[SpeedUp]:
    """Yield the speed-ups that both runs measured, with their change.

    The interval of a change combines those of its two runs on a logarithmic scale, by the method of variance estimates
    recovery: G. Zou and A. Donner, "Construction of confidence limits about effect measures", Statistics in Medicine 27
    (2008).
    """
    then = {(row.model, row.duration_s, row.fast, row.slow): row for row in first.ratios}
    for row in second.ratios:
        old = then.get((row.model, row.duration_s, row.fast, row.slow))
        if old is None:
            continue
        low, high = change_interval((old.ratio, row.ratio), (old.interval, row.interval))
        yield SpeedUp(
            f"{row.fast} over {row.slow}, {row.duration_s:g} s",
            row.model,
            (old.ratio, row.ratio),
            (old.interval, row.interval),
            row.ratio / old.ratio,
            low,
            high,
            tuple(dict.fromkeys([*(f"A: {one}" for one in old.noise), *(f"B: {one}" for one in row.noise)])),
        )


def change_interval(
    ratios: tuple[float, float], intervals: tuple[IntervalRow, IntervalRow]
) -> tuple[float | None, float | None]:
    """Return the interval of the second ratio over the first; None for a bound that cannot be computed."""
    (first, second), (a, b) = ratios, intervals
    low = _combined(a.high, first, second, b.low, -1)
    return low, _combined(a.low, first, second, b.high, 1)


def _combined(
    first_bound: float | None, first: float, second: float, second_bound: float | None, sign: int
) -> float | None:
    if not first_bound or not second_bound:
        return None
    reach = math.hypot(math.log(first_bound / first), math.log(second_bound / second))
    return second / first * math.exp(sign * reach)


def latencies(first: Results, second: Results) -> Iterator[Latency]:
    """Yield the latencies that both runs measured."""
    then = {(row.model, row.name): row.median_ms for row in first.benchmarks if row.group == "latency"}
    for row in second.benchmarks:
        if row.group == "latency" and (row.model, row.name) in then:
            yield Latency(row.name, row.model or "", (then[row.model, row.name], row.median_ms))

"""The sections on speed: ratios, distributions of times, ratios of blocks, and word errors over speed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from wergate.report.page.charts import Bar, Blocks, Distribution, Forest, Plane, Point, Series, front_of
from wergate.report.page.gates import STATES
from wergate.report.results import Results
from wergate.report.rows.verdicts import VerdictRow
from wergate.report.run_folder.rounds import RoundRow
from wergate.timing.rows import RatioRow

_NAMED = re.compile(r"(?P<side>.+) (?P<seconds>[\d.]+) s")  # as benchmarks of latency are named


def ratios(run: Results) -> Forest | None:
    """Return the speed-ups with their intervals and smallest accepted values; 1 means equally fast."""
    bars = []
    for row in run.ratios:
        verdict = _verdict(run, row)
        note = f"noisy: {'; '.join(row.noise)}" if row.noise else ""
        bars.append(
            Bar(
                f"{row.fast} over {row.slow}, {row.duration_s:g} s{_of(run, row)}",
                f"{row.ratio:.2f} ({_bounds(row)})",
                row.ratio,
                row.interval.low,
                row.interval.high,
                verdict.threshold if verdict else None,
                at_least=True,
                state=STATES[verdict.status] if verdict else "none",
                note=note,
            )
        )
    title = "Speed-ups: the two sides ran interleaved; intervals, and the smallest accepted values"
    return Forest(title, "times as fast", bars, line=1.0, line_text="equally fast") if bars else None


def _of(run: Results, row: RatioRow) -> str:
    """Return the model of a ratio, if the run has several."""
    return f" ({row.model})" if len({one.model for one in run.ratios}) > 1 else ""


def _bounds(row: RatioRow) -> str:
    low, high = row.interval.low, row.interval.high
    return f"{low:.2f} to {high:.2f}" if low is not None and high is not None else "no interval"


def _verdict(run: Results, row: RatioRow) -> VerdictRow | None:
    """Return the verdict on a ratio; its line names the seconds of speech."""
    gate, subject = f"speedup_over_{row.slow}", row.fast.upper()
    found = [one for one in run.verdicts if (one.model, one.gate, one.subject) == (row.model, gate, subject)]
    return next((one for one in found if one.value == row.ratio), None)


def distributions(run: Results, rounds: Sequence[RoundRow]) -> Iterator[Distribution]:
    """Yield the times of all recognizers of a model on the same speech."""
    noisy = {(row.model, row.name): f"noisy: {'; '.join(row.noise)}" for row in run.benchmarks if row.noise}
    latency = {(row.model, row.name) for row in run.benchmarks if row.group == "latency"}
    timed = [row for row in rounds if row.kind == "benchmark" and (row.model, row.name) in latency]
    groups: dict[tuple[str, float], list[Series]] = {}
    for (model, name), calls in groupby(timed, lambda row: (row.model, row.name)):
        found = _NAMED.fullmatch(name)
        if found:
            series = Series(found["side"], [call.ms for call in calls], noisy.get((model, name), ""))
            groups.setdefault((model or "", float(found["seconds"])), []).append(series)
    for (model, seconds), series_of in groups.items():
        yield Distribution(f"Latency of {model} on {seconds:g} s of speech, in ms", "ms", series_of)


def block_ratios(run: Results, rounds: Sequence[RoundRow]) -> Iterator[Blocks]:
    """Yield the ratios of the blocks behind each speed-up, in the order in which they ran."""
    for row in run.ratios:
        name = f"{row.fast} over {row.slow} {row.duration_s:g} s"
        calls = [one for one in rounds if (one.kind, one.model, one.name) == ("ratio", row.model, name)]
        blocks = {one.block: one for one in calls}
        if not blocks:
            continue
        fast, slow = (
            {number: sum(one.ms for one in calls if one.block == number and one.side == side) for number in blocks}
            for side in (row.fast, row.slow)
        )
        values = [slow[number] / fast[number] for number in blocks]
        series = Series(name, values, hollow=[one.void for one in blocks.values()])
        compilations = [one.compilation or 0 for one in blocks.values()]
        title = f"{row.fast} over {row.slow}, {row.duration_s:g} s{_of(run, row)}"
        yield Blocks(title, series, row.ratio, compilations)


def planes(run: Results) -> Iterator[Plane]:
    """Yield word errors over speed for each model and corpus, where both were measured."""
    for model, corpus in dict.fromkeys((row.model, row.corpus) for row in run.evaluations):
        found = list(_points(run, model, corpus))
        best = front_of([(speed, wer) for _, speed, wer, _, _ in found])
        points = [Point(*one, best=on_front) for one, on_front in zip(found, best, strict=True)]
        if len(points) > 1:
            seconds = _seconds(run, model)
            yield Plane(f"{model} on {corpus}: word error rate over speed on {seconds:g} s of speech", points)


def _points(run: Results, model: str, corpus: str) -> Iterator[tuple[str, float, float, float | None, float | None]]:
    """Yield name, speed and word error rate of each recognizer; its interval is that of its drop."""
    speeds = _speeds(run, model)
    rows = [row for row in run.evaluations if (row.model, row.corpus) == (model, corpus)]
    for row in rows[:1]:
        if row.engine in speeds and row.reference.wer is not None:
            yield row.engine, speeds[row.engine], 100 * row.reference.wer, None, None
    for row in rows:
        if row.variant in speeds and row.candidate.wer is not None and row.reference.wer is not None:
            low, high = (
                None if bound is None else 100 * (row.reference.wer + bound)
                for bound in (row.paired.interval.low, row.paired.interval.high)
            )
            yield row.label, speeds[row.variant], 100 * row.candidate.wer, low, high


def _seconds(run: Results, model: str) -> float:
    """Return the longest speech that every recognizer of a model was timed on."""
    named = [_NAMED.fullmatch(row.name) for row in run.benchmarks if (row.group, row.model) == ("latency", model)]
    return max((float(found["seconds"]) for found in named if found), default=0.0)


def _speeds(run: Results, model: str) -> dict[str, float]:
    """Return seconds of audio per second, by recognizer, on the longest speech."""
    seconds = _seconds(run, model)
    speeds = {}
    for row in run.benchmarks:
        found = _NAMED.fullmatch(row.name)
        if (row.group, row.model) == ("latency", model) and found and float(found["seconds"]) == seconds and row.rtfx:
            speeds[found["side"]] = row.rtfx
    return speeds

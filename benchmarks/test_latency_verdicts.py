"""Error rates of the latency verdict: false alarms on the same build, and detected slowdowns of 2, 3, 5 and 10 %.

`pytest benchmarks/ --study latency-verdicts` adds trials to `results/latency-verdicts.jsonl` for half an hour. It may
be stopped at any time. Both builds of each trial are compiled again. A simulated clock comes first: there, the truth is
known.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from fixtures.benchmarks.bench import Bench, speech_of
from fixtures.benchmarks.machine import baseline_name
from fixtures.gates.check import Check
from wergate.config.suite import SuiteConfig
from wergate.session.session import Session
from wergate.studies.latency_verdicts import methods
from wergate.studies.latency_verdicts.evidence import bounds
from wergate.studies.latency_verdicts.study import Kind, Trials, kinds, slower
from wergate.timing.calls import Side
from wergate.timing.gates import is_open, speedup_verdict
from wergate.timing.noise import read_counters, seen_between
from wergate.timing.paired import PairedRule, time_compilations
from wergate.verdict import Status, Verdict

MINUTES = 30
DURATION_S = 1.0
SIMULATED = 100  # runs of each disturbance, for each of two builds
FALSE_FAILS_MAX, FOUND_MIN = 0.01, 0.95


def trial(bench: Bench, kind: Kind, trials: Trials, about: dict[str, str]) -> dict[str, Any]:
    """Judge two builds that are compiled again, and store the trial."""
    settings = bench.session.config.benchmarks.paired.model_dump(exclude={"durations_s"})
    rule = PairedRule(**settings | {"budget_s": kind.budget_s, "open_budget_factor": 1.0, "open_width_min": 0.0})
    before, started = read_counters(), time.perf_counter()

    def compile_pair() -> tuple[Side, Side]:
        today, plain = (bench.call(bench.compiled_for("int8", DURATION_S), DURATION_S) for _ in range(2))
        return Side(slower(today, kind.slowdown)), Side(plain)

    paired = time_compilations(compile_pair, rule, is_open(kind.minimum))
    verdict = speedup_verdict(paired, kind.minimum, fast="int8", slow="baseline", scope="a trial")
    seen = seen_between(before, read_counters())
    return trials.add(
        kind=kind.name,
        slowdown=kind.slowdown,
        minimum=kind.minimum,
        status=verdict.status,
        ratio=paired.ratio,
        interval=[paired.interval.low, paired.interval.high],
        rounds=paired.rounds,
        compilations=paired.compilations,
        void_blocks=paired.balance.void,
        waited=[paired.balance.first, paired.balance.second],
        elapsed_s=time.perf_counter() - started,
        others=seen.others,
        steal=seen.steal,
        **about,
    )


def cycles(kinds_: tuple[Kind, ...], end_s: float) -> Iterator[Kind]:
    """Yield kinds of trials, in cycles, until the time is over; the first cycle is always whole."""
    for cycle in itertools.count():
        for kind in kinds_:
            for _ in range(kind.per_cycle):
                if cycle and time.perf_counter() > end_s:
                    return
                yield kind


@pytest.mark.study("latency-verdicts")
def test_latency_verdicts(
    session: Session, suite_config: SuiteConfig, model: str, check: Check, pytestconfig: pytest.Config
) -> None:
    """No disturbance makes a verdict wrong, equal builds do not fail, and a build that is 5 % slower does."""
    bench = Bench(session, model, speech_of(suite_config, model), check)
    trials = Trials(pytestconfig.rootpath / "results" / "latency-verdicts.jsonl")
    minimum = suite_config.benchmarks.baseline_speed_min
    commit = pytestconfig.hook.pytest_benchmark_generate_commit_info(config=pytestconfig)["id"]
    about = {
        "machine": baseline_name().removeprefix("0001_").removesuffix(".json"),
        "date": datetime.now(UTC).date().isoformat(),
        "commit": str(commit)[:7],
    }
    bench.compiled_for("int8", DURATION_S)  # builds the IR, if it must, before the time counts
    if all(row["commit"] != about["commit"] for row in trials.of_kind("simulated")):
        rule = PairedRule(**suite_config.benchmarks.paired.model_dump(exclude={"durations_s"}))
        for row in methods.rows(SIMULATED, minimum, rule):
            trials.add(**row, **about)
    for kind in session.progress(cycles(kinds(minimum), time.perf_counter() + 60 * MINUTES), "trials", None):
        trial(bench, kind, trials, about)
    simulated = trials.of_kind("simulated")[-len(methods.METHODS) :]
    check(
        method_verdict(simulated),
        rate_verdict("false_fail_rate", "<=", FALSE_FAILS_MAX, trials.of_kind("same"), Status.FAIL),
        rate_verdict("slowdowns_found", ">=", FOUND_MIN, trials.of_kind("5 %"), Status.FAIL),
    )


def method_verdict(rows: list[dict[str, Any]]) -> Verdict:
    """Gate the number of wrong verdicts on a simulated clock."""
    return Verdict(
        gate="wrong_verdicts",
        subject="latency verdict",
        value=sum(row["wrong"] for row in rows),
        relation="==",
        threshold=0,
        scope=f"{sum(row['runs'] for row in rows)} verdicts under {len(rows)} disturbances, simulated",
        remedy="find the disturbance in results/latency-verdicts.jsonl",
        kind="latency",
    )


def rate_verdict(name: str, relation: Any, threshold: float, rows: list[dict[str, Any]], status: Status) -> Verdict:
    """Gate the rate of a verdict."""
    count, of = sum(row["status"] == status for row in rows), len(rows)
    low, high = bounds(count, of)
    undecided = sum(row["status"] == Status.INCONCLUSIVE for row in rows)
    return Verdict(
        gate=name,
        subject="latency verdict",
        value=count / of,
        relation=relation,
        threshold=threshold,
        basis=f"95 % bounds {low:.3f} to {high:.3f}; {undecided} inconclusive",
        scope=f"{of} pairs of compilations, at most {max(row['elapsed_s'] for row in rows):.0f} s each",
        remedy="find the trials in results/latency-verdicts.jsonl: check their load and intervals",
        kind="latency",
    )

"""Turns: pairs of processes, each started for itself, blocks by lot, and an interval over the pairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from wergate.corpora.audio import Samples
from wergate.duel.answers import Answer, SideError
from wergate.duel.duel import is_open
from wergate.duel.turns import Speech, Turns
from wergate.timing.balance import is_void
from wergate.timing.compilations import Block
from wergate.timing.load import Turn
from wergate.timing.paired import Paired, PairedRule

SPEECH = Speech("excerpt", np.zeros(160, np.float32), 0.01)
RULE = PairedRule(budget_s=1.0, blocks_min=10, compilations_min=5, compilations_least=5, open_budget_factor=1.0)
LIMIT = 1.02


@dataclass
class Scripted:
    """A side whose times follow from a seed: its process has a speed of its own, and each call some noise."""

    speed_s: float
    pair: int
    generator: np.random.Generator
    events: list[str]
    name: str
    say: Callable[[int], str]
    pid: int | None = None
    calls: int = 0

    def answer(self, utterance: str, samples: Samples) -> Answer:
        """Answer at once."""
        del utterance, samples
        return self.again()

    hold = answer

    def again(self) -> Answer:
        """Answer with a time."""
        self.calls += 1
        noise = float(self.generator.normal(0, 0.01))
        return Answer(self.say(self.calls), None, self.speed_s * float(np.exp(noise)))

    def close(self) -> None:
        """Note the end."""
        self.events.append(f"end {self.name}{self.pair}")


def turns(slower: float, events: list[str], say: Callable[[int], str] | None = None) -> Turns:
    """Return turns of two sides, of which B takes `slower` times as long as A."""
    generator = np.random.default_rng(3)
    counts = {"A": 0, "B": 0}

    def start(name: str, factor: float) -> Scripted:
        counts[name] += 1
        events.append(f"start {name}{counts[name]}")
        own = float(np.exp(generator.normal(0, 0.004)))
        return Scripted(
            0.01 * factor * own, counts[name], generator, events, name, say if say and name == "B" else constant
        )

    return Turns(("A", "B"), (lambda: start("A", 1.0), lambda: start("B", slower)), SPEECH, RULE)


@pytest.fixture(autouse=True)
def _without_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the pauses between turns out: nothing spins here."""
    monkeypatch.setattr("wergate.duel.turns._SETTLE_S", 0.0)


def constant(_: int) -> str:
    """Say the same in each call."""
    return "HELLO"


def test_every_pair_is_started_anew_and_ended() -> None:
    """At least five pairs, the first to start alternates, and at most two processes run at a time."""
    events: list[str] = []
    found = timed(turns(1.0, events))
    assert found.compilations >= 5
    starts = [event for event in events if event.startswith("start")]
    assert ["start A1", "start B1", "start B2", "start A2"] == starts[:4]
    running: set[str] = set()
    for event in events:
        what, name = event.split()
        running = running | {name} if what == "start" else running - {name}
        assert len(running) <= 2
    assert set() == running


def timed(found: Turns, limit: float = LIMIT) -> Paired:
    """Time two sides until the verdict is clear."""
    return found.time(is_open(limit))


def test_a_slower_side_is_found() -> None:
    """5 % more time is beyond the limit, with all of the interval."""
    found = timed(turns(1.05, []))
    assert 1.02 < found.interval.low < 1.05 < found.interval.high
    assert len(found.compilation_ratios) == found.compilations


def test_equal_sides_are_a_draw() -> None:
    """The interval contains 1 and lies below the limit."""
    found = timed(turns(1.0, []))
    assert found.interval.low < 1 < found.interval.high < LIMIT


def test_pairs_before_a_failure_stay() -> None:
    """A side that answers otherwise ends the timing; its pair and those before keep their times."""
    events: list[str] = []
    calls = iter(range(10_000))
    found = turns(1.0, events, lambda _: "HELLO" if next(calls) < 100 else "HULLO")
    with pytest.raises(SideError, match="side B wrote 'HULLO' in a timed call, but 'HELLO'"):
        timed(found)
    assert found.pairs
    assert found.pairs[0].ratio is not None
    assert 0.9 < found.pairs[0].ratio < 1.1
    assert len([e for e in events if e.startswith("start")]) == len([e for e in events if e.startswith("end")])


def test_a_side_that_works_out_of_turn_makes_a_block_void() -> None:
    """1 % of the other side's CPU time is too much."""
    turn = Turn(1.0, 0.0, own_s=1.0)
    block = Block((0.5, 0.5), (0.5, 0.5), turn, turn)
    assert not is_void(replace(block, first=replace(turn, idle_side_s=0.009)), 0.1)
    assert is_void(replace(block, first=replace(turn, idle_side_s=0.011)), 0.1)
    assert is_void(replace(block, second=replace(turn, idle_side_s=0.011)), 0.1)

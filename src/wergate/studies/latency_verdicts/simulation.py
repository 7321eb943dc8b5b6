"""A simulated machine with a clock, load and compilations, on which nothing waits: the truth is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from wergate.timing.calls import Side
from wergate.timing.load import Reading


def _quiet(_: str, __: float) -> float:
    return 0.0


@dataclass
class SimulatedMachine:
    """A machine whose clock advances with each call.

    A call takes its cost, times the speed of its compilation, times noise, times the slowness of the machine, over what
    the load leaves. One call in twenty takes half as long again.

    Attributes:
        seed: seed of all noise.
        noise: standard deviation of the logarithm of a call's time.
        compilation: standard deviation of the logarithm of a compilation's speed.
        compile_s: seconds of a compilation.
        slowness: factor of all times, by the time.
        load: share of its time that a call waits for others, by side and time.
        set_back_s: by how much the clock is off, by the time; it jumps between or within calls.
        reports: False if the system reports no load.
    """

    seed: int = 0
    noise: float = 0.02
    compilation: float = 0.005
    compile_s: float = 0.2
    slowness: Callable[[float], float] = lambda _: 1.0
    load: Callable[[str, float], float] = _quiet
    set_back_s: Callable[[float], float] = lambda _: 0.0
    reports: bool = True
    now_s: float = 0.0
    compiled: int = 0
    alive: int = 0
    own_s: float = 0.0
    waited_s: float = 0.0
    called: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Seed the noise."""
        self.generator = np.random.default_rng(self.seed)

    def clock(self) -> float:
        """Return what the clock says."""
        return self.now_s - self.set_back_s(self.now_s)

    def reading(self) -> Reading:
        """Return the counters, as a system with run delay reports them."""
        if not self.reports:
            return Reading(self.own_s)
        return Reading(self.own_s, self.own_s + self.waited_s, self.waited_s)

    def side(self, name: str, cost_s: float) -> Side:
        """Return a side that was compiled now; its speed stays."""
        cost_s *= math.exp(self.generator.normal(0, self.compilation))

        def call() -> str:
            burst = 1.5 if self.generator.random() < 0.05 else 1.0  # noqa: PLR2004 - see above
            noise = burst * math.exp(self.generator.normal(0, self.noise))
            work_s = cost_s * noise * self.slowness(self.now_s)
            waited_s = work_s / (1 - self.load(name, self.now_s)) - work_s
            self.own_s += work_s
            self.waited_s += waited_s
            self.now_s += work_s + waited_s
            return name

        return Side(call)

    def compile(self, first_s: float, second_s: float) -> tuple[Side, Side]:
        """Compile both sides; their calls cost so many seconds."""
        self.now_s += 2 * self.compile_s
        self.compiled += 1
        return self.side("first", first_s), self.side("second", second_s)

"""Detection of noise in timings: stolen CPU time, other processes, drift, and two speeds of the machine."""

from __future__ import annotations

import math
import os
import statistics
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy  # scipy.stats loads on first use: an import here would take more than a second
from numpy.typing import NDArray

from wergate.config.benchmarks import NoiseSettings
from wergate.environment.cgroups import Throttling, throttling
from wergate.timing.percentiles import require_times

_FEWEST_FOR_DRIFT = 20
_FEWEST_FOR_MODES = 100  # with 64 uniform or skewed timings, one run in thirty would look like two speeds
_CHANCE = 0.001  # probability of a false drift
_SEPARATE = 2.0  # Ashman's D
_VERY_STRONG = 10.0  # difference in BIC that counts as very strong evidence (Kass & Raftery 1995)
_SMALLEST_MODE = 0.1  # share of the rounds: fewer are outliers, which do not affect a median
_VALLEY = 0.5  # largest number of rounds midway between two speeds, relative to the rarer speed


@dataclass(frozen=True)
class Modes:
    """Two speeds of a machine, in seconds per round; `share` is the share of rounds at the slower one."""

    fast_s: float
    slow_s: float
    share: float


def noises(times_s: Sequence[float], seen: MachineActivity | None, rule: NoiseSettings) -> tuple[str, ...]:
    """Return each kind of noise in a run with its value; empty if the run was quiet or too short to judge.

    Args:
        times_s: seconds of all rounds, in order.
        seen: activity of the machine during the run; None if unknown.
        rule: thresholds of each kind of noise.

    Raises:
        SuiteError: a timing is not a finite positive number.
    """
    return tuple(_noises(require_times(times_s), seen, rule))


def _noises(times_s: Sequence[float], seen: MachineActivity | None, rule: NoiseSettings) -> Iterator[str]:
    if seen is not None and (seen.steal or 0.0) > rule.steal_max:
        yield f"steal {100 * (seen.steal or 0.0):.1f} %"
    if seen is not None and (seen.others or 0.0) > rule.others_max:
        yield f"others {100 * (seen.others or 0.0):.0f} %"
    if seen is not None and seen.throttled:
        yield f"throttled by the CPU quota {seen.throttled} times, {1000 * (seen.throttled_s or 0.0):.0f} ms"
    change = drift(times_s)
    if abs(change) > rule.drift_max:
        yield f"drift {100 * change:+.0f} %"
    found = modes(times_s, rule.mode_gap_min)
    if found is not None:
        fast_ms, slow_ms = 1000 * found.fast_s, 1000 * found.slow_s
        yield f"bimodal: {fast_ms:.3g} ms, but {slow_ms:.3g} ms in {100 * found.share:.0f} % of the rounds"


def drift(times_s: Sequence[float]) -> float:
    """Return the relative increase of the median from the first to the second half of a run, a fraction.

    It is 0 if each half has fewer than ten rounds, or if the Mann-Whitney test (Annals of Mathematical Statistics 18,
    1947) finds no difference at the 0.1 % level.
    """
    if len(times_s) < _FEWEST_FOR_DRIFT:
        return 0.0
    first, second = times_s[: len(times_s) // 2], times_s[len(times_s) // 2 :]
    if len(set(times_s)) == 1 or scipy.stats.mannwhitneyu(first, second).pvalue > _CHANCE:
        return 0.0
    return statistics.median(second) / statistics.median(first) - 1


def modes(times_s: Sequence[float], gap_min: float) -> Modes | None:
    """Return the two speeds of a run; None if it has a single speed or fewer than 100 rounds.

    The function fits two normal distributions to the logarithms of the times. They count as two speeds if all of the
    following hold:

    - Ashman's D is above 2 (Ashman, Bird & Zepf, Astronomical Journal 108, 1994).
    - BIC prefers two distributions to one.
    - Each has at least a tenth of the rounds.
    - Their centres are at least `gap_min` apart, a fraction.
    - Few rounds lie between them. Two distributions also fit a long tail better, but a tail has no valley.
    """
    logs = np.log(np.asarray(times_s, np.float64))
    if len(logs) < _FEWEST_FOR_MODES or np.ptp(logs) < math.log1p(gap_min):
        return None
    means, variances, slow_share, evidence = _two_normals(logs)
    gap = float(means[1] - means[0])
    separate = math.sqrt(2) * gap > _SEPARATE * math.sqrt(float(variances.sum()))
    common = _SMALLEST_MODE <= slow_share <= 1 - _SMALLEST_MODE
    if not (separate and common and evidence >= _VERY_STRONG and gap >= math.log1p(gap_min) and _valley(logs, means)):
        return None
    fast_s, slow_s = (float(mean) for mean in np.exp(means))
    return Modes(fast_s, slow_s, slow_share)


def _two_normals(logs: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], float, float]:
    """Fit two normal distributions.

    Returns:
        Means and variances (the faster speed first), the share of the slower one, and the BIC advantage over one.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    column = logs[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the later checks judge an unconverged fit as well
        one, two = (GaussianMixture(count, random_state=0, reg_covar=1e-8).fit(column) for count in (1, 2))
    order = np.argsort(two.means_.ravel())
    share = float(two.weights_[order][1])
    evidence = float(one.bic(column) - two.bic(column))
    return two.means_.ravel()[order], two.covariances_.ravel()[order], share, evidence


def _valley(logs: NDArray[np.float64], means: NDArray[np.float64]) -> bool:
    """Return whether clearly fewer rounds lie midway than at either speed, in windows of a third of the gap."""
    half_width = float(means[1] - means[0]) / 6
    fast, midway, slow = (np.sum(np.abs(logs - at) <= half_width) for at in (means[0], means.mean(), means[1]))
    return bool(midway <= _VALLEY * min(fast, slow))


_CPUS = Path("/sys/devices/system/cpu")
_LEAST_CPU_S = 0.5  # the kernel counts in ticks of 10 ms, so shares of less time are random


@dataclass(frozen=True)
class Counters:
    """CPU time of all CPUs that this process may run on, in seconds since boot.

    Attributes:
        total_s, busy_s: all time, and time that was not idle.
        own_s: time of this process and its finished children.
        stolen_s: time that the hypervisor gave to others; None if the system does not report it.
        load: mean number of runnable tasks over the last minute.
        throttling: how often the CPU quota stopped this process and others of its groups; None without a quota.
    """

    total_s: float
    busy_s: float
    own_s: float
    stolen_s: float | None
    load: float
    throttling: Throttling | None = None


@dataclass(frozen=True)
class MachineActivity:
    """Activity of the machine during a run.

    Attributes:
        governor: frequency governors of the CPUs.
        load_before, load_after: mean number of runnable tasks over the last minute.
        steal: share of all CPU time that the hypervisor gave to others; None if unknown, or if the run was too short.
        others: share of all CPU time that other processes used; None if the run was too short.
        throttled, throttled_s: how often the CPU quota was used up, and for how many seconds; None without a quota.
    """

    governor: str
    load_before: float
    load_after: float
    steal: float | None
    others: float | None
    throttled: int | None = None
    throttled_s: float | None = None


def read_counters() -> Counters:
    """Return the present counters."""
    import psutil

    allowed = os.sched_getaffinity(0)
    cpus = [times for number, times in enumerate(psutil.cpu_times(percpu=True)) if number in allowed]
    own = psutil.Process().cpu_times()
    stolen = _sum(cpus, ("steal",)) if all(hasattr(times, "steal") for times in cpus) else None
    busy = _sum(cpus, ("user", "nice", "system", "irq", "softirq"))  # user and nice include guests
    return Counters(
        total_s=busy + _sum(cpus, ("idle", "iowait")) + (stolen or 0.0),
        busy_s=busy,
        own_s=own.user + own.system + own.children_user + own.children_system,
        stolen_s=stolen,
        load=os.getloadavg()[0],
        throttling=throttling(),
    )


def _sum(cpus: Iterable[object], kinds: Iterable[str]) -> float:
    kinds = tuple(kinds)
    return sum(float(getattr(times, kind, 0.0)) for times in cpus for kind in kinds)


def seen_between(before: Counters, after: Counters) -> MachineActivity:
    """Return the activity of the machine between two readings."""
    total_s = after.total_s - before.total_s
    long_enough = total_s >= _LEAST_CPU_S
    stolen_s = None if before.stolen_s is None or after.stolen_s is None else after.stolen_s - before.stolen_s
    stopped = _between(before.throttling, after.throttling)
    others_s = max(0.0, (after.busy_s - before.busy_s) - (after.own_s - before.own_s))
    return MachineActivity(
        governor=governor(),
        load_before=before.load,
        load_after=after.load,
        steal=stolen_s / total_s if long_enough and stolen_s is not None else None,
        others=others_s / total_s if long_enough else None,
        throttled=None if stopped is None else stopped.times,
        throttled_s=None if stopped is None else stopped.seconds,
    )


def _between(before: Throttling | None, after: Throttling | None) -> Throttling | None:
    if before is None or after is None:
        return None
    return Throttling(after.times - before.times, after.seconds - before.seconds)


def governor(cpus: Path = _CPUS) -> str:
    """Return the frequency governors of the CPUs that this process may run on, or "unknown", as in most VMs."""
    files = (cpus / f"cpu{number}" / "cpufreq" / "scaling_governor" for number in sorted(os.sched_getaffinity(0)))
    found = {file.read_text(encoding="ascii").strip() for file in files if file.is_file()}
    return ", ".join(sorted(found)) or "unknown"

"""Noise by its name: stolen time, other processes, a drift, two speeds. It says which timings deserve little trust."""

from __future__ import annotations

import math
import os
import statistics
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import scipy  # not scipy.stats: that loads when it is used, which takes more than a second
from numpy.typing import NDArray

from wergate.config.benchmarks import NoiseSettings
from wergate.timing.percentiles import require_times

_FEWEST_FOR_DRIFT = 20
_FEWEST_FOR_MODES = 100  # of 64 evenly spread or skewed timings, one run in thirty would look like two speeds
_CHANCE = 0.001  # of a drift where there is none
_SEPARATE = 2.0  # Ashman's D
_VERY_STRONG = 10.0  # evidence in BIC, in the words of Kass & Raftery 1995
_SMALLEST_MODE = 0.1  # of the rounds: fewer are outliers, which a median does not feel
_VALLEY = 0.5  # rounds between two speeds, of those at the rarer one


@dataclass(frozen=True)
class Modes:
    """Two speeds; `share` of the rounds ran at the slower one."""

    fast_s: float
    slow_s: float
    share: float


def noises(times_s: Sequence[float], seen: MachineActivity | None, rule: NoiseSettings) -> tuple[str, ...]:
    """Return what was noisy about a run, each with its figure; nothing where it was quiet or too short to tell.

    Args:
        times_s: of all rounds, in the order in which they ran.
        seen: what else the machine did; None where nobody looked.
        rule: what is too much.

    Raises:
        SuiteError: a timing is no finite positive number.
    """
    return tuple(_noises(require_times(times_s), seen, rule))


def _noises(times_s: Sequence[float], seen: MachineActivity | None, rule: NoiseSettings) -> Iterator[str]:
    if seen is not None and (seen.steal or 0.0) > rule.steal_max:
        yield f"steal {100 * (seen.steal or 0.0):.1f} %"
    if seen is not None and (seen.others or 0.0) > rule.others_max:
        yield f"others {100 * (seen.others or 0.0):.0f} %"
    change = drift(times_s)
    if abs(change) > rule.drift_max:
        yield f"drift {100 * change:+.0f} %"
    found = modes(times_s, rule.mode_gap_min)
    if found is not None:
        fast_ms, slow_ms = 1000 * found.fast_s, 1000 * found.slow_s
        yield f"bimodal: {fast_ms:.3g} ms, but {slow_ms:.3g} ms in {100 * found.share:.0f} % of the rounds"


def drift(times_s: Sequence[float]) -> float:
    """Return how much the median of the second half is above that of the first, as a fraction.

    It is 0 where the two halves do not differ by the Mann-Whitney test (Annals of Mathematical Statistics 18, 1947) at
    0.1 %, or have fewer than ten rounds each.
    """
    if len(times_s) < _FEWEST_FOR_DRIFT:
        return 0.0
    first, second = times_s[: len(times_s) // 2], times_s[len(times_s) // 2 :]
    if len(set(times_s)) == 1 or scipy.stats.mannwhitneyu(first, second).pvalue > _CHANCE:
        return 0.0
    return statistics.median(second) / statistics.median(first) - 1


def modes(times_s: Sequence[float], gap_min: float) -> Modes | None:
    """Return the two speeds that the rounds ran at, or None where there is one, or fewer than 100 rounds.

    Two normal distributions are fitted to the logarithms. They are two speeds where Ashman's D is above 2 (Ashman, Bird
    & Zepf, Astronomical Journal 108, 1994), where BIC prefers them to one, where each has a tenth of the rounds, where
    they are `gap_min` apart, and where few rounds lie between: a long tail is fitted better by two as well, but has no
    valley.
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
    """Return means and variances, the faster first, the slower one's share, and by how much BIC prefers two to one."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    column = logs[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a fit that wanders is judged by what it found
        one, two = (GaussianMixture(count, random_state=0, reg_covar=1e-8).fit(column) for count in (1, 2))
    order = np.argsort(two.means_.ravel())
    share = float(two.weights_[order][1])
    evidence = float(one.bic(column) - two.bic(column))
    return two.means_.ravel()[order], two.covariances_.ravel()[order], share, evidence


def _valley(logs: NDArray[np.float64], means: NDArray[np.float64]) -> bool:
    """Return whether fewer rounds lie midway than at either speed, in windows of a third of the gap."""
    half_width = float(means[1] - means[0]) / 6
    fast, midway, slow = (np.sum(np.abs(logs - at) <= half_width) for at in (means[0], means.mean(), means[1]))
    return bool(midway <= _VALLEY * min(fast, slow))


_CPUS = Path("/sys/devices/system/cpu")
_LEAST_CPU_S = 0.5  # the kernel counts in ticks of 10 ms: of less time, a share is a matter of chance


@dataclass(frozen=True)
class Counters:
    """The CPUs that this process may run on, in seconds since the start; `own_s` is this process and its children.

    Attributes:
        stolen_s: what the hypervisor gave to others; None where the system does not tell.
        load: mean number of runnable tasks over the last minute.
    """

    total_s: float
    busy_s: float
    own_s: float
    stolen_s: float | None
    load: float


@dataclass(frozen=True)
class MachineActivity:
    """What was seen during a run; shares are fractions of all CPU time, None where it was too short or is not told."""

    governor: str
    load_before: float
    load_after: float
    steal: float | None
    others: float | None


def read_counters() -> Counters:
    """Return the counters now."""
    allowed = os.sched_getaffinity(0)
    cpus = [times for number, times in enumerate(psutil.cpu_times(percpu=True)) if number in allowed]
    own = psutil.Process().cpu_times()
    stolen = _sum(cpus, ("steal",)) if all(hasattr(times, "steal") for times in cpus) else None
    busy = _sum(cpus, ("user", "nice", "system", "irq", "softirq"))  # guests are counted in user and nice
    return Counters(
        total_s=busy + _sum(cpus, ("idle", "iowait")) + (stolen or 0.0),
        busy_s=busy,
        own_s=own.user + own.system + own.children_user + own.children_system,
        stolen_s=stolen,
        load=os.getloadavg()[0],
    )


def _sum(cpus: Iterable[object], kinds: Iterable[str]) -> float:
    kinds = tuple(kinds)
    return sum(float(getattr(times, kind, 0.0)) for times in cpus for kind in kinds)


def seen_between(before: Counters, after: Counters) -> MachineActivity:
    """Return what happened between two readings."""
    total_s = after.total_s - before.total_s
    long_enough = total_s >= _LEAST_CPU_S
    stolen_s = None if before.stolen_s is None or after.stolen_s is None else after.stolen_s - before.stolen_s
    others_s = max(0.0, (after.busy_s - before.busy_s) - (after.own_s - before.own_s))
    return MachineActivity(
        governor=governor(),
        load_before=before.load,
        load_after=after.load,
        steal=stolen_s / total_s if long_enough and stolen_s is not None else None,
        others=others_s / total_s if long_enough else None,
    )


def governor(cpus: Path = _CPUS) -> str:
    """Return the frequency governors of the CPUs that this process may run on, or "unknown": a VM has none."""
    files = (cpus / f"cpu{number}" / "cpufreq" / "scaling_governor" for number in sorted(os.sched_getaffinity(0)))
    found = {file.read_text(encoding="ascii").strip() for file in files if file.is_file()}
    return ", ".join(sorted(found)) or "unknown"

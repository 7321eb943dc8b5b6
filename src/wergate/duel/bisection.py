"""Search for the first release that may not replace an earlier one, with few duels."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Sequence

from wergate.errors import SuiteError

_LISTED = "Available versions: "


def first_bad(releases: Sequence[str], is_bad: Callable[[str], bool]) -> str:
    """Return the first bad release of a sequence that starts with a good one and ends with a bad one.

    Of n releases, at most the logarithm of n - 1 to base 2, rounded up, are tried.

    Args:
        releases: at least two, the oldest first.
        is_bad: tries a release.
    """
    good, bad = 0, len(releases) - 1
    while bad - good > 1:
        middle = (good + bad) // 2
        if is_bad(releases[middle]):
            bad = middle
        else:
            good = middle
    return releases[bad]


def releases_between(known: Sequence[str], good: str, bad: str) -> list[str]:
    """Return the releases from a good one to a later, bad one.

    Raises:
        SuiteError: the bad one is not later, or the index lists one of them not at all.
    """
    missing = [release for release in (good, bad) if release not in known]
    if missing:
        raise SuiteError(
            f"the package index has no openvino=={missing[0]}; it has {', '.join(known[-3:])} and {len(known) - 3} "
            "earlier releases; name two of them"
        )
    ordered = sorted(known, key=_numbers)
    first, last = ordered.index(good), ordered.index(bad)
    if first >= last:
        raise SuiteError(f"openvino=={bad} is not later than openvino=={good}; name the good release first")
    return ordered[first : last + 1]


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", release)))


def known_releases() -> list[str]:
    """Return the releases of OpenVINO that pip can install, the oldest first.

    Raises:
        SuiteError: the package index does not answer.
    """
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "index", "versions", "openvino"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - pip of this Python
    lines = [line.strip() for line in run.stdout.splitlines() if line.strip().startswith(_LISTED)]
    if not lines:
        errors = run.stderr.strip().splitlines() or ["no answer"]
        raise SuiteError(f"the releases of openvino are unknown: {errors[-1]}; check the network, and pip's index")
    return sorted(lines[0].removeprefix(_LISTED).split(", "), key=_numbers)

"""Evidence on latency verdicts, as Markdown: error rates with their bounds, and the disturbances of the simulation."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import scipy  # scipy.stats loads on first use: an import here would take more than a second

from wergate.disk.folders import make_folder
from wergate.disk.lines import LineFile
from wergate.studies.latency_verdicts.study import Trials
from wergate.verdict import Status

Rows = Sequence[dict[str, Any]]
COMMAND = "pytest benchmarks/ --study latency-verdicts"
TRIALS = "latency.jsonl"
_HEAD = f"""
## Verdicts on latency

```sh
{COMMAND}   # half an hour, and more trials each time
python docs/evidence.py --trials results/latency-verdicts.jsonl --write
```

Each trial is a whole measurement, as `benchmarks/test_baseline_build.py` makes it:
both sides are compiled again, five times or more.
[Speed](gates/latency.md) explains the method.
"""


def bounds(count: int, of: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return Clopper and Pearson's bounds of a rate."""
    found = scipy.stats.binomtest(count, of).proportion_ci(confidence, method="exact")
    return float(found.low), float(found.high)


def evidence(folder: Path) -> str:
    """Return this part of the page from the folder of evidence."""
    return f"{_HEAD}\n{part(folder / TRIALS)}"


def part(path: Path) -> str:
    """Return the section of the page of evidence that a file of trials gives."""
    rows = list(Trials(path).rows())
    real, simulated = ([row for row in rows if (row["kind"] == "simulated") == wanted] for wanted in (False, True))
    return "\n".join([*_trials(real), "", *_machines(real), "", *_methods(simulated)]).strip() + "\n"


def _trials(rows: Rows) -> Iterator[str]:
    """Yield the table of measured trials, a row for each slowdown."""
    yield "Builds on real machines, one as fast as the other or slower by a known share:"
    yield ""
    columns = ["slowdown", "threshold", "pairs", "FAIL (95 % bounds)", "INCONCLUSIVE", "PASS"]
    columns += ["seconds: median, longest", "compilations"]
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"
    for kind in dict.fromkeys(row["kind"] for row in sorted(rows, key=lambda row: float(row["slowdown"]))):
        of_kind = [row for row in rows if row["kind"] == kind]
        statuses = Counter(row["status"] for row in of_kind)
        low, high = bounds(statuses[Status.FAIL], len(of_kind))
        times_s = [row["elapsed_s"] for row in of_kind]
        compilations = statistics.median(row["compilations"] for row in of_kind)
        cells = (
            "none" if kind == "same" else kind,
            f"{of_kind[-1]['minimum']:g}",
            str(len(of_kind)),
            f"{statuses[Status.FAIL]} ({100 * low:.1f} to {100 * high:.1f} %)",
            str(statuses[Status.INCONCLUSIVE]),
            str(statuses[Status.PASS]),
            f"{statistics.median(times_s):.1f}, {max(times_s):.1f}",
            f"{compilations:g}",
        )
        yield f"| {' | '.join(cells)} |"


def _machines(rows: Rows) -> Iterator[str]:
    """Yield one line for each kind of machine, day and commit."""
    runs = Counter((row["machine"], row["date"], row["commit"]) for row in rows)
    for (machine, date, commit), count in sorted(runs.items()):
        yield f"- {count} pairs on {machine}, {date}, commit {commit}"


def _methods(rows: Rows) -> Iterator[str]:
    """Yield the table of simulated disturbances; the last run of each counts."""
    if not rows:
        return
    last = {row["name"]: row for row in rows}
    dated = next(iter(last.values()))
    wrong, runs = (sum(row[key] for row in last.values()) for key in ("wrong", "runs"))
    made = f"{dated['date']}, commit {dated['commit']}"
    yield f"Disturbances on a simulated clock, {made}: {wrong} of {runs} verdicts wrong."
    yield ""
    yield "| disturbance | verdicts | wrong | equal builds | 5 % slower |"
    yield "| --- | --- | --- | --- | --- |"
    for name, row in last.items():
        shown = (
            ", ".join(f"{status} {count}" for status, count in sorted(row["statuses"][slower].items()))
            for slower in ("0", "5")
        )
        yield f"| {name} | {row['runs']} | {row['wrong']} | {' | '.join(shown)} |"


def collect(source: Path, target: Path) -> int:
    """Append the whole lines of a file of trials that the other file does not have, and return their number."""
    known = set(target.read_text(encoding="utf-8").splitlines()) if target.exists() else set()
    lines = source.read_text(encoding="utf-8").splitlines(keepends=True)
    new = [line for line in lines if line.endswith("\n") and line.strip() not in known]
    make_folder(target.parent)
    file = LineFile(target)
    file.append("".join(new).encode())
    file.sync()
    return len(new)

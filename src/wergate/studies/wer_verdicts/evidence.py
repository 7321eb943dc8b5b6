"""The part of the page of evidence that is about verdicts on the word error rate."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path

from wergate.environment.digest import source_digest
from wergate.evaluation.significance.few_changes import FEW_CHANGES
from wergate.evaluation.significance.speakers import BOOTSTRAP_SPEAKERS
from wergate.formatting import percent, signed_percent, table
from wergate.studies.wer_verdicts import grid
from wergate.studies.wer_verdicts.coverage import RESAMPLES, Outcome
from wergate.studies.wer_verdicts.halves import halves, read_counts, whole_interval
from wergate.studies.wer_verdicts.simulation import Truth

SIMULATED, HALVES = "wer.jsonl", "wer-utterances.jsonl"
LEAST, MOST = 0.93, 0.97  # share of intervals that may contain the true drop, nominally 95 %
SIZE = 0.025  # share of corpora that may pass if the true drop is the tolerance
_NEAR_ZERO = 0.005  # correlation that changes no interval of these corpora by a tenth
_REJECTED = 0.05  # a smaller p-value says that p-values are not uniform
_ERRORS = 2.0  # standard errors of a simulated share that are chance
_IMPOSSIBLE = "no utterance for each"


def code() -> str:
    """Return the digest of the code that the simulated figures depend on."""
    return source_digest(grid.__name__)[:16]


def evidence(folder: Path) -> str:
    """Return the Markdown from the files of a folder."""
    file = grid.ResultFile(folder / SIMULATED)
    parts = [
        _head(file),
        _coverage(file.outcomes("grid")),
        _further(file),
        _size({part: file.outcomes(part) for part in ("grid", "few speakers", "many speakers", "skewed")}),
        _power(file.outcomes("power")),
        _real(folder / HALVES),
        _mapsswe(file),
    ]
    return "\n\n".join(parts) + "\n"


def _head(file: grid.ResultFile) -> str:
    lines = file.lines()
    origins = sorted({tuple(line[key] for key in ("date", "machine", "commit", "code")) for line in lines})
    return f"""## Verdicts on the word error rate

```sh
python docs/evidence.py --simulate   # appends to docs/evidence/{SIMULATED}, half an hour
python docs/evidence.py --write
```

{table(("date", "machine", "commit", "digest of the code"), origins)}

Each figure comes from {grid.CORPORA:,} simulated corpora with a known drop, so a share of 95 % is
known to about ± 1 %, and one of 2.5 % to about ± 0.7 %.
An utterance has 3 to 49 words, and some utterances are hard for both recognizers.
The variant loses a tenth of the reference model's errors, makes as many others, and adds the drop.
Each speaker also gains or loses words at a rate of their own, normally distributed.
The *correlation* is that of the drop within a speaker.
The largest speaker has three times as many utterances as the smallest.
The intervals are those of the gates, from the same code.
Bootstraps have {RESAMPLES:,} resamples instead of 10,000.
The tolerance is {percent(grid.TOLERANCE, 0)} %, which is INT8's.

### Coverage

The 95 % interval should contain the true drop in 93 to 97 % of the corpora.
The first figure is for the gate's interval.
The second one, in brackets, is for the interval by utterance alone.
With one speaker, both are by utterance, and the true drop is that of all speakers:
such an interval does not generalize, and every run says so."""


def _coverage(found: Mapping[Truth, Outcome]) -> str:
    """Return the tables of the grid, one for each number of speakers."""
    return "\n\n".join([_tally(found), *(_table_of(speakers, found) for speakers in grid.SPEAKERS)])


def _tally(found: Mapping[Truth, Outcome]) -> str:
    several = {truth: cell for truth, cell in found.items() if truth.speakers > 1}
    low = sum(cell.covered < LEAST for cell in several.values())
    high = [cell for cell in several.values() if cell.covered > MOST]
    few = sum(cell.exact > 1 / 2 for cell in high)
    plain = sum(cell.by_utterance < LEAST for cell in several.values())
    return f"""Of {len(several)} cells with several speakers, {low} are below 93 % and {len(high)} above 97 %.
In {few} of the latter, most corpora have fewer than {FEW_CHANGES} changed words,
where the exact interval is cautious.
The interval by utterance is below 93 % in {plain} cells."""


def _table_of(speakers: int, found: Mapping[Truth, Outcome]) -> str:
    columns = [(utterances, drop) for utterances in grid.UTTERANCES for drop in grid.DROPS]
    header = ("WER %", "correlation", *(f"{utterances:,}, drop {percent(drop, 0)} %" for utterances, drop in columns))
    rows = [
        (
            percent(wer, 0),
            f"{correlation:g}",
            *(_covered(found.get(Truth(speakers, utterances, correlation, wer, drop))) for utterances, drop in columns),
        )
        for wer, correlation in product(grid.RATES, grid.CORRELATIONS)
    ]
    title = "1 speaker" if speakers == 1 else f"{speakers} speakers"
    return f"#### {title}\n\nColumns: utterances, and the true drop.\n\n{table(header, rows)}"


def _covered(cell: Outcome | None) -> str:
    if cell is None:
        return _IMPOSSIBLE
    return f"{_marked(cell.covered)} ({percent(cell.by_utterance, 1)})"


def _marked(covered: float) -> str:
    text = percent(covered, 1)
    if covered < LEAST:
        return f"**{text}**"
    return f"*{text}*" if covered > MOST else text


def _further(file: grid.ResultFile) -> str:
    """Return the tables of coverage outside of the grid."""
    header = ("speakers", "utterances", "correlation", "drop %", "gate", "by utterance", "other method by speaker")
    parts = []
    for title, part in (
        ("Two to five speakers, WER 8 %", "few speakers"),
        (f"{BOOTSTRAP_SPEAKERS} speakers and more, WER 8 %", "many speakers"),
        ("Skewed speakers, WER 8 %", "skewed"),
    ):
        rows = [
            (
                str(truth.speakers),
                f"{truth.utterances:,}",
                f"{truth.correlation:g}",
                percent(truth.drop, 0),
                *(_marked(share) for share in (cell.covered, cell.by_utterance, cell.other)),
            )
            for truth, cell in file.outcomes(part).items()
        ]
        parts.append(f"#### {title}\n\n{table(header, rows)}")
    tail = f"""The *other method* is the bootstrap over speakers below {BOOTSTRAP_SPEAKERS} speakers, where the gate
takes Student's t, and Student's t above.
A *skewed* speaker's own drop has an exponential distribution: most lose little, and few lose much.
If few speakers are in the corpus, such a speaker is often missing, and no interval can know it."""
    return "\n\n".join([*parts, tail, _at_forty(file.outcomes("grid"))])


def _at_forty(found: Mapping[Truth, Outcome]) -> str:
    """Return the comparison that puts the change from Student's t to the bootstrap above 40 speakers."""
    cells = [cell for truth, cell in found.items() if truth.speakers == max(grid.SPEAKERS)]
    if not cells:
        return ""
    t, bootstrap = ([getattr(cell, name) for cell in cells] for name in ("covered", "other"))
    low = (sum(share < LEAST for share in shares) for shares in (t, bootstrap))
    mean = (percent(sum(shares) / len(shares), 1) for shares in (t, bootstrap))
    return (
        "With {} speakers, Student's t covers {} % on average and is below 93 % in {} of {} cells;\n"
        "the bootstrap over speakers covers {} % and is below in {}.\n"
        f"So the gate takes Student's t below {BOOTSTRAP_SPEAKERS} speakers."
    ).format(max(grid.SPEAKERS), next(mean), next(low), len(cells), next(mean), next(low))


def _size(parts: Mapping[str, Mapping[Truth, Outcome]]) -> str:
    """Return the table of corpora that pass although the drop is the tolerance."""
    header = ("corpora", "cells", "passed, mean %", "passed, most %", "cells above 2.5 %", "above by more than chance")
    limit = SIZE + _ERRORS * math.sqrt(SIZE * (1 - SIZE) / grid.CORPORA)
    rows = []
    for part, found in parts.items():
        for group, several in (("1 speaker", False), ("several speakers", True)):
            shares = [
                cell.passed
                for truth, cell in found.items()
                if truth.drop == grid.TOLERANCE and (truth.speakers > 1) == several
            ]
            if shares:
                worst = max(shares)
                most = percent(worst, 1)
                rows.append(
                    (
                        f"{part}, {group}",
                        str(len(shares)),
                        percent(sum(shares) / len(shares), 1),
                        f"**{most}**" if worst > limit else most,
                        str(sum(share > SIZE for share in shares)),
                        str(sum(share > limit for share in shares)),
                    )
                )
    return f"""### Size at the tolerance

If the true drop is the tolerance, a gate may pass in 2.5 % of the corpora.
*Chance* is two standard errors of the simulation: up to {percent(limit, 1)} %.

{table(header, rows)}"""


def _power(found: Mapping[Truth, Outcome]) -> str:
    header = ("speakers", "utterances", "WER %", *(f"{percent(drop)} %" for drop in grid.POWER_DROPS))
    rows = [
        (str(speakers), f"{utterances:,}", percent(wer, 0), *_verdicts(found, speakers, utterances, wer))
        for (speakers, utterances), wer in product(grid.POWER_CORPORA, grid.RATES)
    ]
    return f"""### Power

Each cell has PASS / FAIL in percent of the corpora, by the true drop; the rest is INCONCLUSIVE.
The tolerance is {percent(grid.TOLERANCE, 0)} %, and the correlation within a speaker 0.02.

{table(header, rows)}"""


def _verdicts(found: Mapping[Truth, Outcome], speakers: int, utterances: int, wer: float) -> Iterator[str]:
    for drop in grid.POWER_DROPS:
        cell = found.get(Truth(speakers, utterances, 0.02, wer, drop))
        yield "" if cell is None else f"{percent(cell.passed, 0)} / {percent(cell.failed, 0)}"


def _real(path: Path) -> str:
    corpus = ("corpus", "speakers", "utterances", "words", "drop %", "95 % interval", "correlation")
    header = (*corpus, "halves", "other half inside %", "inside the wider interval %")
    rows, correlations = [], []
    for counts in read_counts(path):
        value, low, high, within = whole_interval(counts)
        correlations.append(within)
        found = halves(counts)
        rows.append(
            (
                counts.corpus,
                str(len(set(counts.speakers))),
                str(len(counts.words)),
                f"{sum(counts.words):,}",
                signed_percent(value),
                f"{signed_percent(low)} to {signed_percent(high)}",
                f"{within:+.3f}",
                str(found.halves),
                percent(found.inside, 1),
                percent(found.predicted, 1),
            )
        )
    return f"""### Halves of real transcripts

INT8 of the embedded model; `pytest accuracy/ --transcripts FILE.jsonl`, then
`python docs/evidence.py --halves FILE.jsonl`.
The speakers are divided into two halves in every way.
The interval of one half should contain the drop of the other half in about 83 % of the ways,
since both vary.
An interval wider by the square root of 2 should contain it in about 95 %.
The ways overlap, so these shares are less certain than their number suggests.

{table(header, rows)}{_alike(correlations)}"""


def _alike(correlations: Sequence[float]) -> str:
    if not correlations or max(map(abs, correlations)) > _NEAR_ZERO:
        return ""
    return """

The correlation of the drop within a speaker is near zero in these corpora:
here the interval by utterance was right, and that by speaker costs little."""


def _mapsswe(file: grid.ResultFile) -> str:
    header = ("segments", "largest distance", "p of the distance", "p below 0.05, %")
    rows = [
        (
            str(segments),
            f"{found.distance:.3f}",
            f"**{found.p:.2g}**" if found.p < _REJECTED else f"{found.p:.2g}",
            percent(found.alarms, 1),
        )
        for segments, found in file.uniformities().items()
    ]
    return f"""### MAPSSWE

For {grid.CORPORA:,} pairs of equally good recognizers, the p-values should be uniform.
The distance from a uniform distribution is that of Kolmogorov and Smirnov.
With few segments, errors are whole numbers that leave only some p-values possible.

{table(header, rows)}"""

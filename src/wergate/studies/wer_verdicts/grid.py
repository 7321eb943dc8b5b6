"""The grid of simulated corpora, and the file of its results, one JSON object a line."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

from wergate.studies.wer_verdicts.coverage import Outcome, outcome
from wergate.studies.wer_verdicts.mapsswe import Uniformity, uniformity
from wergate.studies.wer_verdicts.simulation import Truth

MAPSSWE = "mapsswe"
TOLERANCE = 0.01  # wer_drop_max of INT8
CORPORA = 2_000  # of a cell
SPEAKERS, CORRELATIONS, RATES, UTTERANCES = (1, 6, 20, 40), (0.0, 0.02, 0.05), (0.02, 0.08, 0.25), (30, 160, 2_600)
DROPS = (0.0, TOLERANCE)
FEW_SPEAKERS = (2, 3, 5)
MANY_SPEAKERS = (100, 200)
SEGMENTS = (50, 400)
POWER_DROPS = (0.0, 0.0025, 0.005, 0.0075, 0.01, 0.0125, 0.015, 0.02, 0.03)
POWER_CORPORA = ((6, 160), (12, 160), (20, 600), (40, 2_600))


@dataclass(frozen=True)
class Cell:
    """One simulation; `part` is the table of the page that shows it."""

    part: str
    truth: Truth

    @property
    def key(self) -> dict[str, Any]:
        """The cell as a line of the file starts."""
        return {"part": self.part, **asdict(self.truth)}

    @property
    def seed(self) -> int:
        """Seed of the cell, which depends on nothing else."""
        return zlib.crc32(json.dumps(self.key).encode())


def cells() -> Iterator[Cell]:
    """Yield all cells that can be simulated: each speaker has an utterance."""
    for speakers, correlation, wer, utterances, drop in product(SPEAKERS, CORRELATIONS, RATES, UTTERANCES, DROPS):
        if speakers <= utterances:
            yield Cell("grid", Truth(speakers, utterances, correlation, wer, drop))
    for speakers, correlation, utterances, drop in product(FEW_SPEAKERS, CORRELATIONS, UTTERANCES, DROPS):
        yield Cell("few speakers", Truth(speakers, utterances, correlation, 0.08, drop))
    for speakers, correlation, drop in product(MANY_SPEAKERS, CORRELATIONS, DROPS):
        yield Cell("many speakers", Truth(speakers, UTTERANCES[-1], correlation, 0.08, drop))
    for speakers, utterances, drop in product((6, 20, 40), UTTERANCES[1:], DROPS):
        yield Cell("skewed", Truth(speakers, utterances, 0.05, 0.08, drop, "skewed"))
    for (speakers, utterances), wer, drop in product(POWER_CORPORA, RATES, POWER_DROPS):
        yield Cell("power", Truth(speakers, utterances, 0.02, wer, drop))


@dataclass(frozen=True)
class ResultFile:
    """The file of results; a later line of a cell replaces an earlier one."""

    path: Path

    def lines(self) -> list[dict[str, Any]]:
        """Return the last line of each cell. An incomplete last line is ignored."""
        if not self.path.exists():
            return []
        whole = [line for line in self.path.read_text(encoding="utf-8").splitlines(keepends=True) if line[-1:] == "\n"]
        found = [json.loads(line) for line in whole]
        return [*{json.dumps(line["cell"]): line for line in found}.values()]

    def outcomes(self, part: str) -> dict[Truth, Outcome]:
        """Return the outcomes of one part by the truth of their cell."""
        found = (line for line in self.lines() if line["cell"]["part"] == part)
        return {_truth(line["cell"]): Outcome(**line["outcome"]) for line in found}

    def uniformities(self) -> dict[int, Uniformity]:
        """Return the outcomes of MAPSSWE by the number of segments."""
        found = (line for line in self.lines() if line["cell"]["part"] == MAPSSWE)
        return {line["cell"]["segments"]: Uniformity(**line["outcome"]) for line in found}

    def add(self, key: dict[str, Any], result: Outcome | Uniformity, origin: dict[str, str]) -> None:
        """Append the result of a cell immediately."""
        shares = {name: round(share, 4) for name, share in asdict(result).items()}
        line = {"cell": key, "corpora": CORPORA, "outcome": shares, **origin}
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")


def _truth(cell: dict[str, Any]) -> Truth:
    return Truth(**{name: value for name, value in cell.items() if name != "part"})


def run(file: ResultFile, origin: dict[str, str], report: Callable[[str], None]) -> None:
    """Simulate every cell that the file does not have from the same code, and append its result."""
    done = {json.dumps(line["cell"]) for line in file.lines() if line["code"] == origin["code"]}
    for segments in SEGMENTS:
        key = {"part": MAPSSWE, "segments": segments}
        if json.dumps(key) not in done:
            file.add(key, uniformity(segments, CORPORA, seed=segments), origin)
    for cell in cells():
        if json.dumps(cell.key) not in done:
            file.add(cell.key, outcome(cell.truth, TOLERANCE, CORPORA, cell.seed), origin)
            report(json.dumps(cell.key))

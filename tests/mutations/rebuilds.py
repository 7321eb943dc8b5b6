"""Rebuilds without a fault: INT8 from different calibration utterances must raise no alarm.

`python tests/mutations/rebuilds.py FILE.jsonl` resumes an interrupted run.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.mutations.corpus_edits import rows, write  # noqa: E402 - a script finds its own folder only
from tests.mutations.warm_store import root  # noqa: E402
from tests.support.suite_run import run  # noqa: E402

REBUILDS = 20
_KEPT = ("fp16-ir", "reference-run", "reference-logits")  # independent of calibration, so not built again
_OF_ALL = 5  # so many are calibrated on the whole split, as a plain run is
_DRAWN = 96  # of 120 utterances, by lot, for each of the others


def rebuild(number: int, honest: Path, folder: Path) -> dict[str, Any]:
    """Build INT8 in a separate store, run all accuracy gates on both corpora, and return their verdicts."""
    cache = folder / "cache"
    for kind in _KEPT:
        shutil.copytree(honest / kind, cache / kind)
    options = ["--cache-dir", str(cache), "--precisions", "int8"]
    if number >= _OF_ALL:
        drawn = random.Random(number).sample(rows("calibration"), _DRAWN)  # noqa: S311 - a draw, not a secret
        options += ["--calibration", str(write(folder / "calibration.parquet", drawn))]
        options += ["--baselines", str(_graph_alone(folder / "baselines"))]
    done = run(["accuracy"], *options, results=folder / "results.json")
    assert done.results is not None, done.output
    assert done.built("int8-ir") == 1, done.output
    verdicts = done.results["verdicts"]
    return {
        "number": number,
        "calibration_utterances": _DRAWN if number >= _OF_ALL else len(rows("calibration")),
        "code": done.code,
        "verdicts": len(verdicts),
        "alarms": [row["line"] for row in verdicts if row["status"] != "PASS"],
        "nearest": _nearest(verdicts),
    }


def _graph_alone(folder: Path) -> Path:
    """Return baselines without word errors, which depend on the calibration utterances."""
    folder.mkdir()
    shutil.copy(ROOT / "accuracy" / "baselines" / "graph.json", folder)
    return folder


def _nearest(verdicts: list[dict[str, Any]]) -> list[Any]:
    """Return gate, value and threshold of the verdict nearest to its threshold, relative to the threshold.

    A stored count that is met exactly is not a near miss.
    """
    bounded = [row for row in verdicts if row["relation"] != "==" and row["threshold"]]
    rows = [row for row in bounded if row["value"] not in {None, row["threshold"]}]
    nearest = min(rows, key=lambda row: abs(row["value"] - row["threshold"]) / abs(row["threshold"]))
    return [nearest["gate"], nearest["value"], nearest["threshold"]]


def main(path: Path) -> None:
    """Run the rebuilds that the file does not contain yet, one after another."""
    finished = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    honest = root(run(["accuracy"], "--precisions", "int8").output)
    for number in sorted(set(range(REBUILDS)) - {row["number"] for row in finished}):
        with tempfile.TemporaryDirectory() as folder:
            found = rebuild(number, honest, Path(folder))
        with path.open("a") as stream:
            stream.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

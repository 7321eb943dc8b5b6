"""Error rates of the verdict of a duel on time, on the real clock; docs/guides/duel.md has the figures.

    python docs/studies/duel_errors.py IR-FOLDER FILE.jsonl [--null 100] [--slower 50] [--budget 60]

Null duels run one IR on both sides, each in its own process. Other duels slow side B down by 5 %.
IR-FOLDER is an IR of the cache, with its `frontend.json`. Each duel is one line of FILE.jsonl, and a second run
continues where the first one ended. The table has Clopper-Pearson bounds of 95 %.
"""

from __future__ import annotations

import argparse
import json
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import scipy.stats

from wergate.duel.duel import is_open
from wergate.duel.environment import this_environment
from wergate.duel.turns import Speech, Turns
from wergate.duel.worker import NetworkSide, NetworkWorker
from wergate.networks.frontend import read_frontend
from wergate.networks.ir.conversion import FRONTEND_FILE, MODEL_FILE
from wergate.networks.ir.file import written_by
from wergate.studies.duel.gates import time_verdict
from wergate.timing.paired import PairedRule

LIMIT, SLOWER, SECONDS = 1.02, 0.05, 5.0
KINDS = {"null": 0.0, "5 % slower": SLOWER}


def side(folder: Path, name: str, added: float, logs: Path) -> NetworkSide:
    path = folder / MODEL_FILE
    return NetworkSide(
        name=name,
        ir=path,
        made_by=written_by(path),
        frontend=read_frontend(folder / FRONTEND_FILE),
        environment=this_environment(),
        device="CPU",
        inference_precision="f32",
        patience_s=600.0,
        log=logs / f"{name}.log",
        added=added,
    )


def duel(folder: Path, added: float, seed: int, budget_s: float, logs: Path) -> dict:
    numbers = count()

    def start(name: str, added: float) -> NetworkWorker:
        return NetworkWorker(side(folder, f"{name}{next(numbers)}", added, logs))

    generator = np.random.default_rng(seed)
    samples = generator.normal(0, 0.1, int(SECONDS * 16_000)).astype(np.float32)
    speech = Speech("noise", samples, SECONDS)
    rule = PairedRule(
        budget_s=budget_s,
        open_budget_factor=4.0,
        open_width_min=0.0,
        blocks_min=20,
        compilations_min=5,
        compilations_least=5,
        seed=seed,
    )
    first, second = partial(start, "A", 0.0), partial(start, "B", added)
    null = Turns(("A", "A"), (first, first), speech, rule).time(lambda _: False)
    found = Turns(("A", "B"), (first, second), speech, rule).time(is_open(LIMIT))
    verdict = time_verdict(found, null, limit=LIMIT, model="embedded")
    return {
        "status": str(verdict.status),
        "ratio": found.ratio,
        "low": found.interval.low,
        "high": found.interval.high,
        "null": [null.interval.low, null.interval.high],
        "pairs": found.compilations,
        "seconds": null.elapsed_s + found.elapsed_s,
    }


def table(done: list[dict]) -> str:
    lines = ["| duels | number | PASS | FAIL | INCONCLUSIVE | not 1 | noise floor not 1 | median seconds |"]
    lines.append("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for kind in KINDS:
        rows = [row for row in done if row["kind"] == kind]
        if rows:
            counts = [sum(row["status"] == status for row in rows) for status in ("PASS", "FAIL", "INCONCLUSIVE")]
            counts.append(sum(not row["low"] <= 1 <= row["high"] for row in rows))
            counts.append(sum(not row["null"][0] <= 1 <= row["null"][1] for row in rows))
            cells = [shown(found, len(rows)) for found in counts]
            median = np.median([row["seconds"] for row in rows])
            lines.append(f"| {kind} | {len(rows)} | {' | '.join(cells)} | {median:.0f} |")
    return "\n".join(lines)


def shown(found: int, of: int) -> str:
    bounds = scipy.stats.binomtest(found, of).proportion_ci(0.95, method="exact")
    return f"{found} ({100 * bounds.low:.0f} to {100 * bounds.high:.0f} %)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--null", type=int, default=100, help="number of null duels")
    parser.add_argument("--slower", type=int, default=50, help="number of duels with a slower side B")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds, as budget_s of [benchmarks.duel]")
    given = parser.parse_args()
    done = [json.loads(line) for line in given.file.read_text().splitlines()] if given.file.exists() else []
    wanted = {"null": given.null, "5 % slower": given.slower}
    # the kinds alternate, so that an early end leaves both
    todo = sorted((number / wanted[kind], kind, number) for kind in wanted for number in range(wanted[kind]))
    known = {(row["kind"], row["number"]) for row in done}
    for _, kind, number in todo:
        if (kind, number) not in known:
            row = duel(given.folder, KINDS[kind], number, given.budget, given.file.parent / "logs")
            done.append({"kind": kind, "number": number, **row})
            with given.file.open("a") as stream:
                stream.write(f"{json.dumps(done[-1])}\n")
            print(json.dumps(done[-1]), flush=True)
    print(table(done))


if __name__ == "__main__":
    main()

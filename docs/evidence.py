"""The page of evidence: `python docs/evidence.py --write` writes docs/evidence.md from the files of docs/evidence/.

`--simulate` judges simulated corpora and appends each result to docs/evidence/wer.jsonl; an interrupted simulation
continues. `--halves FILE.jsonl` takes a file of `--transcripts` of the embedded corpora, `--trials FILE.jsonl` one of
the study latency-verdicts. Without options, the script exits with 1 if the page differs from its files.
"""
# ruff: noqa: INP001 - a script, and no package

from __future__ import annotations

import argparse
import datetime as dt
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from wergate.corpora.corpus import open_corpus, parse_corpus_specs  # noqa: E402 - the paths come first
from wergate.environment.machine import cpu, size_of  # noqa: E402
from wergate.studies.latency_verdicts import evidence as latency  # noqa: E402
from wergate.studies.wer_verdicts import evidence as wer  # noqa: E402
from wergate.studies.wer_verdicts.grid import ResultFile, run  # noqa: E402
from wergate.studies.wer_verdicts.halves import counts_of, write_counts  # noqa: E402

PAGE = ROOT / "docs" / "evidence.md"
FOLDER = ROOT / "docs" / "evidence"
EMBEDDED = ROOT / "fixtures" / "embedded"
PARTS: tuple[Callable[[Path], str], ...] = (wer.evidence, latency.evidence)  # each: its Markdown from the folder
_HEAD = """# Evidence

This page is generated.
`python docs/evidence.py --write` writes it from the files of `docs/evidence/`.
It shows how often wergate's own statistics are wrong.
No figure is left out: a figure outside of its range is **bold** if verdicts are then less certain
than they claim to be, and *italic* if they are more cautious.
"""


def page() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *(part(FOLDER) for part in PARTS)])


def origin() -> dict[str, str]:
    """Return what every result is stored with: date, type of the machine, commit and digest of the code."""
    found = cpu()
    commit = subprocess.run(
        ["git", "rev-parse", "--short=10", "HEAD"],  # noqa: S607 - the user's git
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "machine": f"{found.model}, {size_of(found.cores, found.quota)}",
        "commit": commit.stdout.strip(),
        "code": wer.code(),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--simulate", action="store_true", help="judge simulated corpora, in half an hour")
    parser.add_argument("--trials", type=Path, metavar="FILE.jsonl", help="trials of the study latency-verdicts")
    parser.add_argument("--halves", type=Path, metavar="FILE.jsonl", help="transcripts of the embedded corpora")
    parser.add_argument("--write", action="store_true", help="write docs/evidence.md")
    asked = parser.parse_args(arguments)
    FOLDER.mkdir(exist_ok=True)
    if asked.halves:
        corpora = [open_corpus(spec) for spec in parse_corpus_specs("embedded", EMBEDDED)]
        write_counts(FOLDER / wer.HALVES, [counts_of(corpus, asked.halves) for corpus in corpora])
    if asked.trials:
        latency.collect(asked.trials, FOLDER / latency.TRIALS)
    if asked.simulate:
        run(ResultFile(FOLDER / wer.SIMULATED), origin(), print)
    if asked.write:
        PAGE.write_text(page(), encoding="utf-8")
    elif not (asked.simulate or asked.halves or asked.trials) and PAGE.read_text(encoding="utf-8") != page():
        sys.exit("docs/evidence.md differs from its files: run python docs/evidence.py --write")


if __name__ == "__main__":
    main()

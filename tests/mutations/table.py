"""`python tests/mutations/table.py` injects every fault and writes the gate that caught it to docs/gates/mutations.md.

With `--rebuilds FILE.jsonl` it writes what `rebuilds.py` found there, too.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.mutations.catching import Catch, catch_fault  # noqa: E402 - a script finds its own folder only
from tests.mutations.fault import Fault  # noqa: E402
from tests.mutations.faults import FAULTS  # noqa: E402
from tests.mutations.warm_store import warm_store  # noqa: E402

_MANY = 3  # from there on percents read badly
DOCUMENT = ROOT / "docs" / "gates" / "mutations.md"


def margin(fault: Fault, found: Catch) -> str:
    """Return a text on how far the value of the gate is beyond its threshold."""
    figures = found.margin(fault.gate)
    if figures is None:
        return "a test, no figure"
    value, threshold = figures
    if value is None:
        return f"no number, {threshold:.3g} demanded"
    text = f"{value:.3g}, {threshold:.3g} demanded"
    if not threshold:
        return text
    beyond = abs(value - threshold) / abs(threshold)
    return f"{text}: beyond by {beyond:.0%}" if beyond < _MANY else f"{text}: beyond by {beyond:.0f} times as much"


def row(fault: Fault, found: Catch) -> str:
    """Return a line of the table."""
    others = [f"`{gate}`" for gate in found.gates if gate != fault.gate]
    caught = "**caught**" if found.caught(fault) else "**not caught**"
    if fault.undecided:
        return f'| {fault.name} | `{fault.gate}` | {caught}: INCONCLUSIVE, "{fault.undecided}" | no verdict |'
    if found.open(fault.gate):
        caught = "**not settled**: the run fails as INCONCLUSIVE"
    also = f", with {', '.join(others[:4])}{' and more' if others[4:] else ''}" if others else ""
    return f"| {fault.name} | `{fault.gate}` | {caught}{also} | {margin(fault, found)} |"


def rebuild_lines(path: Path) -> list[str]:
    """Return a summary of the rebuilds without a fault."""
    rebuilds = [json.loads(line) for line in path.read_text().splitlines()]
    alarms = [line for found in rebuilds for line in found["alarms"]]
    verdicts = sum(found["verdicts"] for found in rebuilds)
    gate, value, threshold = min(
        (found["nearest"] for found in rebuilds), key=lambda found: abs(found[1] - found[2]) / abs(found[2])
    )
    nearest = f"Nearest to its threshold was `{gate}`: {value:.4g}, {threshold:.4g} demanded."
    summary = f"{len(rebuilds)} rebuilds gave {verdicts} verdicts and {len(alarms)} alarms."
    return [summary, nearest, *(f"- {line}" for line in alarms)]


def written(name: str, lines: Iterable[str]) -> None:
    """Replace the lines between the marks of that name in the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    between = f"<!-- measured: {name} -->\n" + "\n".join(lines) + "\n<!-- end -->"
    pattern = rf"<!-- measured: {name} -->\n.*?<!-- end -->"
    DOCUMENT.write_text(re.sub(pattern, lambda _: between, text, flags=re.DOTALL), encoding="utf-8")


def main() -> None:
    """Run every fault and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rebuilds", type=Path, help="write these, too")
    parser.add_argument("--only", metavar="WORDS", help="run the faults with these words in their names")
    parser.add_argument("--no-faults", action="store_true", help="leave the table of faults as it is")
    asked = parser.parse_args()
    if asked.rebuilds:
        written("rebuilds", rebuild_lines(asked.rebuilds))
    if asked.no_faults:
        return
    rows = told_rows() | dict(new_rows([fault for fault in FAULTS if (asked.only or "") in fault.name]))
    lines = [rows[fault.name] for fault in FAULTS if fault.name in rows]
    written("faults", ["| fault | gate | caught by | figure |", "| --- | --- | --- | --- |", *lines])


def told_rows() -> dict[str, str]:
    """Return the lines of the existing table, by fault."""
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    return {line.split("|")[1].strip(): line for line in lines if line.startswith("| ")}


def new_rows(faults: Iterable[Fault]) -> Iterator[tuple[str, str]]:
    """Run faults and yield their lines by name."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        honest = warm_store(folder)
        for fault in faults:
            found = row(fault, catch_fault(fault, warm=honest.root, keys=honest.keys, folder=folder / fault.slug))
            print(found, flush=True)
            yield fault.name, found


if __name__ == "__main__":
    main()

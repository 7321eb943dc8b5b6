"""The store of runs without a fault: that of the suite, filled if it is cold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.mutations.fault import CORPUS, UTTERANCES
from tests.support.suite_run import run


@dataclass(frozen=True)
class WarmStore:
    """Store of artifacts without a fault, and the keys of those that a run needs, by kind."""

    root: Path
    keys: dict[str, list[str]]


def warm_store(folder: Path) -> WarmStore:
    """Run all accuracy gates on the small selection, in the store of the suite, and return the used artifacts."""
    options = ("--corpus", CORPUS, "--limit", str(UTTERANCES), "--precisions", "int8", "--allow-inconclusive")
    done = run(["accuracy"], *options, results=folder / "honest.json")
    assert done.code == 0, done.output
    assert done.results is not None
    keys: dict[str, list[str]] = {}
    for row in done.results["artifacts"]:
        keys.setdefault(row["kind"], []).append(row["key"])
    return WarmStore(root(done.output), {kind: sorted(set(found)) for kind, found in keys.items()})


def root(output: str) -> Path:
    """Return the store that the header of the run names."""
    header = next(line for line in output.splitlines() if "; cache " in line)
    return Path(header.rpartition("; cache ")[2])

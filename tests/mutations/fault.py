"""A fault, and the scratch copy that it may damage."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from wergate.store import MANIFEST, file_digest

ROOT = Path(__file__).parents[2]
CORPUS = "embedded:other"
UTTERANCES = 24
GATES = ("accuracy", "--ignore=accuracy/test_input_lengths.py")  # the lengths take longer than all the rest
LENGTHS = ("accuracy/test_input_lengths.py",)


@dataclass
class Scratch:
    """Inputs of a run with a fault: a copy of the warm store, options, a folder for files.

    Attributes:
        warm: the store that honest runs share; never written to.
        options: of the run's command line, after the tests.
    """

    folder: Path
    warm: Path
    options: list[str] = field(default_factory=list)

    @property
    def cache(self) -> Path:
        """The store of this run."""
        return self.folder / "cache"

    def artifact(self, kind: str) -> Path:
        """Return the folder of the run's only artifact of a kind."""
        (found,) = (self.cache / kind).iterdir()
        return found

    def resign(self, kind: str) -> None:
        """Update the checksums in the manifest, so that only a gate can detect the change."""
        resign(self.artifact(kind))


def resign(artifact: Path) -> None:
    """Update the checksums in the manifest of an artifact."""
    manifest = json.loads((artifact / MANIFEST).read_text())
    for name, properties in manifest["files"].items():
        properties |= {"bytes": (artifact / name).stat().st_size, "sha256": file_digest(artifact / name)}
    (artifact / MANIFEST).write_text(json.dumps(manifest))


@dataclass(frozen=True)
class Fault:
    """A fault, and the gate that must catch it.

    Attributes:
        name: for the table, in words.
        gate: the name of a verdict, or of the test that asserts it.
        inject: damages files and options of a scratch suite, or code of the process that calls it.
        tests: what the suite is asked to run.
        attempts: runs, at most, while the gate's verdict is INCONCLUSIVE: a busy machine may leave a ratio undecided.
        undecided: words of the gate's verdict, if the fault must make it INCONCLUSIVE and neither PASS nor FAIL.
    """

    name: str
    gate: str
    inject: Callable[[Scratch], None]
    tests: tuple[str, ...] = GATES
    attempts: int = 1
    undecided: str = ""

    @property
    def timed(self) -> bool:
        """True if its verdict may be undecided on a busy machine."""
        return self.attempts > 1 or bool(self.undecided)

    @property
    def slug(self) -> str:
        """Name for test ids and folders."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower().replace("'s", "s")).strip("-")


def copy_store(warm: Path, keys: dict[str, list[str]], target: Path) -> None:
    """Copy artifacts, given by kind, into another store."""
    for kind, found in keys.items():
        for key in found:
            shutil.copytree(warm / kind / key[:32], target / kind / key[:32])

"""Copies of the package on disk, which a test edits and imports in place of the installed one."""

from __future__ import annotations

import contextlib
import importlib
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.mutations.fault import ROOT
from tests.support.tiny import Tiny

_PACKAGE = "wergate"


def copied_package(folder: Path) -> Path:
    """Copy the sources of the package into a folder, and return the folder to import them from."""
    shutil.copytree(ROOT / "src" / _PACKAGE, folder / _PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def edit(source: Path, module: str, old: str, new: str) -> None:
    """Replace a text that a module has once."""
    path = source / _PACKAGE / module
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{module} has {old!r} {text.count(old)} times"
    path.write_text(text.replace(old, new), encoding="utf-8")


@contextlib.contextmanager
def imported_from(source: Path) -> Iterator[None]:
    """Import the package from a folder, and give back the modules of before at the end."""
    before = _take_modules()
    sys.path.insert(0, str(source))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(source))
        _take_modules()
        sys.modules.update(before)


def _take_modules() -> dict[str, Any]:
    names = [name for name in sys.modules if name.split(".", maxsplit=1)[0] == _PACKAGE]
    return {name: sys.modules.pop(name) for name in names}


@dataclass(frozen=True)
class Transcription:
    """Transcription of a corpus by one version of the code.

    Attributes:
        outcomes: the utterances in corpus order, without their times.
        wer: word error rates of the reference model and of the variant.
        resumed: number of utterances that came from the transcripts file.
        found: kinds of the artifacts that came from the store.
    """

    outcomes: list[dict[str, Any]]
    wer: tuple[float, float]
    resumed: int
    found: frozenset[str]


def transcribe(source: Path, tiny: Tiny, folder: Path, *, variant: str = "fp16", **changes: str) -> Transcription:
    """Transcribe the tiny corpus by the code in `source`, with the store and the transcripts file of a folder."""
    folder.mkdir(exist_ok=True)
    suite = tiny.suite(folder / "suite.toml", **changes)
    with imported_from(source):
        wergate = importlib.import_module(_PACKAGE)
        assert source in Path(str(wergate.__file__)).parents
        store = importlib.import_module("wergate.store").Store(folder / "cache")
        transcripts = importlib.import_module("wergate.evaluation.transcript_file")
        cell = importlib.import_module("wergate.session.matrix").Cell
        session = importlib.import_module("wergate.session.session").Session(
            importlib.import_module("wergate.config.loading").load_config(suite, {}),
            embedded=folder,
            store=store,
            transcripts=transcripts.TranscriptFile(folder / "transcripts.jsonl"),
        )
        model = str(tiny.model)
        evaluation = session.evaluation(cell(model, session.corpora.first(model), variant))
        found = frozenset(use.artifact.kind for use in session.memo.uses.artifacts if not use.artifact.built)
        outcomes = [asdict(outcome) | {"seconds": 0, "reference_seconds": 0} for outcome in evaluation.outcomes]
        wer = evaluation.reference.total.wer, evaluation.candidate.total.wer
        return Transcription(outcomes, wer, evaluation.resumed, found)

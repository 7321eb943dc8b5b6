"""Writing and reading a run folder."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pydantic
from pydantic import BaseModel

from wergate.disk.files import remove_file, replace_content, write_part
from wergate.disk.folders import make_folder
from wergate.disk.sync import sync_tree
from wergate.errors import SuiteError, did_you_mean_beside
from wergate.report.results import Results, read_results, write_results
from wergate.report.run_folder.audio import Clip
from wergate.report.run_folder.rounds import RoundRow
from wergate.report.run_folder.utterances import UtteranceRow

RESULTS = "results.json"
UTTERANCES = "utterances.jsonl.gz"
ROUNDS = "rounds.jsonl.gz"
AUDIO = "audio"
_TEMPORARY = re.compile(rf"\.\d+-({UTTERANCES}|{ROUNDS}|{RESULTS})")
Row = TypeVar("Row", bound=BaseModel)


@dataclass(frozen=True)
class RunFolder:
    """A run as its folder has it.

    Attributes:
        path: the folder.
        results: the results.
        utterances: one row for each utterance of a model's corpus; empty if the run kept none.
        rounds: one row for each timed call; empty if nothing was timed.
    """

    path: Path
    results: Results
    utterances: Sequence[UtteranceRow] = ()
    rounds: Sequence[RoundRow] = ()

    def audio(self, name: str) -> bytes:
        """Return the content of a recording.

        Raises:
            SuiteError: it cannot be read.
        """
        if Path(name).name != name:
            raise SuiteError(f"run folder '{self.path}': recording '{name}' is not a plain file name; write it again")
        return _read(self.path / AUDIO / name, self.path)


def require_folder(path: Path) -> None:
    """Reject a folder that a run must not write to.

    Raises:
        SuiteError: it is a file, it has other content than a run, or it cannot be read.
    """
    try:
        is_file = path.exists() and not path.is_dir()
        is_ours = is_file or not path.exists() or _is_ours(path)
    except OSError as error:
        raise SuiteError(f"run folder '{path}' cannot be read: {error.strerror}; correct --run") from error
    if is_file:
        raise SuiteError(f"run folder '{path}' is a file; name a folder with --run DIR")
    if not is_ours:
        raise SuiteError(f"run folder '{path}' has files of something else; name a new or an empty folder with --run")


def _is_ours(path: Path) -> bool:
    return (path / RESULTS).is_file() or all(map(_is_of_a_run, path.iterdir()))


def write_run(run: RunFolder, clips: Iterable[Clip] = ()) -> None:
    """Write a run; an earlier run in the folder is replaced.

    The results of the earlier run are removed first, and those of the new one are written last: a folder with results
    is a whole run, and one of a killed process has none.

    Raises:
        SuiteError: a file cannot be written.
    """
    try:
        audio = run.path / AUDIO
        make_folder(run.path)
        remove_file(run.path / RESULTS)
        for old in audio.glob("*.*") if audio.is_dir() else ():
            old.unlink()
        for clip in clips:
            make_folder(audio)
            write_part(audio / clip.name, clip.data)
        if audio.is_dir():
            sync_tree(audio)
        replace_content(run.path / UTTERANCES, _lines(run.utterances))
        replace_content(run.path / ROUNDS, _lines(run.rounds))
    except OSError as error:
        raise SuiteError(f"run folder '{run.path}' cannot be written: {error.strerror}; correct --run") from error
    write_results(run.results, run.path / RESULTS)  # the last one: with it, the folder is a run


def read_run(path: Path) -> RunFolder:
    """Read a run folder, or the folder of a results file alone.

    Raises:
        SuiteError: it holds no run, or a file of it cannot be read.
    """
    if not (path / RESULTS).is_file():
        hint = "" if path.exists() else did_you_mean_beside(path)
        raise SuiteError(f"'{path}' has no {RESULTS}{hint}, so it holds no run; name a folder that --run wrote")
    return RunFolder(
        path,
        read_results(path / RESULTS),
        [_row(UtteranceRow, line, path / UTTERANCES) for line in _read_lines(path / UTTERANCES, path)],
        [_row(RoundRow, line, path / ROUNDS) for line in _read_lines(path / ROUNDS, path)],
    )


def _is_of_a_run(path: Path) -> bool:
    """Return whether a run that was killed may have left a file of this name."""
    return path.name in {UTTERANCES, ROUNDS, AUDIO} or _TEMPORARY.fullmatch(path.name) is not None


def _lines(rows: Iterable[BaseModel]) -> bytes:
    text = "".join(f"{row.model_dump_json(exclude_none=True)}\n" for row in rows)
    return gzip.compress(text.encode(errors="backslashreplace"), mtime=0)


def _read_lines(path: Path, folder: Path) -> list[bytes]:
    if not path.exists():
        return []
    try:
        return gzip.decompress(_read(path, folder)).splitlines()
    except (OSError, EOFError) as error:
        raise SuiteError(f"'{path}' is damaged: {error}; make the run again with --run") from error


def _read(path: Path, folder: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SuiteError(f"run folder '{folder}': '{path.name}' cannot be read: {error.strerror}") from error


def _row(kind: type[Row], line: bytes, path: Path) -> Row:
    try:
        return kind.model_validate_json(line)
    except pydantic.ValidationError as error:
        raise SuiteError(
            f"'{path}' has a line that does not fit {kind.__name__}; make the run again with --run"
        ) from error

"""Finished shards on the disk: executed at least once, in effect exactly once.

A result is linked to its final name, which fails if that exists. A second result of the same shard is evidence: it must
equal the first but for seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wergate.disk.files import create_content, remove_file
from wergate.disk.folders import make_folder
from wergate.errors import SuiteError
from wergate.scale.rows import Result, difference_of, lasting, read_result

FOLDER = "shards"


class ShardFiles:
    """The folder with the finished shards of one run.

    Attributes:
        folder: the folder.
    """

    def __init__(self, store: Path, run: str) -> None:
        """Take the folder of a store and the key of a run; the first commit makes the folder."""
        self.folder = store / FOLDER / run[:32]
        self._mark = self.folder / run

    def mark(self) -> None:
        """Make the folder, with a file by which another node knows that it sees the same one.

        Raises:
            SuiteError: the folder cannot be written.
        """
        with self._explained():
            make_folder(self.folder)
            create_content(self._mark, "")

    def is_marked(self) -> bool:
        """Return whether this node sees the folder of the driver."""
        return self._mark.is_file()

    def commit(self, shard_id: str, text: str) -> bool:
        """Give a result its name, unless the shard has one.

        Returns:
            True if this result took effect; False if an equal one had before.

        Raises:
            SuiteError: the folder cannot be written, or an earlier result of the shard differs in more than seconds.
        """
        new = read_result(text)
        path = self._path(shard_id)
        with self._explained():
            make_folder(self.folder)
            if create_content(path, text):
                return True
            old = self._read(path)
            if old is None:
                return create_content(path, text)
            if old.lasting() != new.lasting():
                create_content(path.with_suffix(".second.jsonl"), text)
        _require_equal(old.lasting(), new.lasting(), old, new, path)
        return False

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn an error of the file system into one line."""
        try:
            yield
        except OSError as error:
            raise SuiteError(
                f"finished shards in '{self.folder}' cannot be written: {error.strerror or error}; a writable cache "
                "directory is needed; free some space or name another with --cache-dir DIR, and run again: finished "
                "shards are kept"
            ) from error

    def rows(self) -> dict[str, dict[str, Any]]:
        """Return the rows of all finished shards by utterance id; a damaged file is removed, and counts as absent.

        Raises:
            SuiteError: two shards hold one utterance, and their rows differ in more than seconds.
        """
        found: dict[str, dict[str, Any]] = {}
        origin: dict[str, tuple[Result, Path]] = {}
        for path in self._paths():
            if (read := self._read(path)) is None:
                continue
            for row in read.rows:
                id_ = row["id"]
                if id_ in found:
                    _require_equal([lasting(found[id_])], [lasting(row)], origin[id_][0], read, path)
                found.setdefault(id_, row)
                origin.setdefault(id_, (read, path))
        return found

    def results(self) -> dict[str, Result]:
        """Return all finished shards by their ids."""
        read = {path.name.partition(".")[0]: self._read(path) for path in self._paths()}
        return {name: one for name, one in read.items() if one}

    def _paths(self) -> Iterable[Path]:
        names = sorted(self.folder.glob("*.jsonl")) if self.folder.is_dir() else []
        return [path for path in names if not path.name.startswith(".") and ".second." not in path.name]

    def _path(self, shard_id: str) -> Path:
        return self.folder / f"{shard_id}.jsonl"

    def _read(self, path: Path) -> Result | None:
        """Return a result; None if the file is damaged, and then it is removed."""
        try:
            return read_result(path.read_text(encoding="utf-8"))
        except (SuiteError, UnicodeDecodeError):
            remove_file(path)
            return None


def _require_equal(first: list[str], second: list[str], old: Result, new: Result, path: Path) -> None:
    if first != second:
        raise SuiteError(
            f"two results of one shard differ: {difference_of(first, second)}, by {old.worker} and {new.worker} "
            f"('{path}'); equal inputs must give equal outputs on machines of one kind; compare both workers, remove "
            "the wrong file, and run again"
        )

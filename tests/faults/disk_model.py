"""A disk that keeps only what was synced: names and blocks that were not may be lost, torn, or kept out of order.

A rename is one step: both of its names change or neither does. Beyond that, POSIX alone is assumed: a sync of a file
keeps its content and not its name, and a sync of a folder keeps the names in it and not their content.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

BLOCK_BYTES = 512
ROOT = 0


@dataclass
class Change:
    """A step that changes names: (folder, name, what is there then or None) for each of them."""

    names: list[tuple[int, str, int | None]]
    is_synced: bool = False


@dataclass
class Write:
    """A write at an offset in bytes, or a new size; `data` is None for the latter."""

    offset: int
    data: bytes | None
    is_synced: bool = False


@dataclass
class Disk:
    """Files and folders by number, with all changes since the start.

    Attributes:
        names: the names in each folder, as the system sees them.
        writes: the writes to each file.
        changes: all changes of names, in order.
    """

    names: dict[int, dict[str, int]] = field(default_factory=lambda: {ROOT: {}})
    writes: dict[int, list[Write]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    start: dict[int, dict[str, int]] = field(default_factory=dict)

    def add_tree(self, folder: Path) -> None:
        """Take over what a folder has, as synced."""
        for path in sorted(folder.rglob("*")):
            if path.is_dir():
                self.make_folder(path.relative_to(folder))
            else:
                self.writes[self.create(path.relative_to(folder))] = [Write(0, path.read_bytes(), is_synced=True)]
        self.changes.clear()
        self.start = {number: dict(entries) for number, entries in self.names.items()}

    def find(self, path: Path) -> int | None:
        """Return the number of what is at a relative path, or None."""
        number: int | None = ROOT
        for part in path.parts:
            number = self.names.get(number, {}).get(part) if number is not None else None
        return number

    def create(self, path: Path) -> int:
        """Add an empty file and return its number."""
        number = self._next()
        self.writes[number] = []
        self._change((path, number))
        return number

    def make_folder(self, path: Path) -> None:
        """Add an empty folder."""
        number = self._next()
        self.names[number] = {}
        self._change((path, number))

    def remove(self, path: Path) -> None:
        """Remove a name."""
        self._change((path, None))

    def rename(self, old: Path, new: Path, *, exchange: bool = False) -> None:
        """Rename in one step, or exchange two names."""
        self._change((new, self.find(old)), (old, self.find(new) if exchange else None))

    def sync(self, path: Path) -> None:
        """Keep the content of a file, or the names in a folder."""
        number = self.find(path)
        for write in self.writes.get(number, []) if number is not None else []:
            write.is_synced = True
        for change in self.changes:
            change.is_synced |= any(folder == number for folder, _, _ in change.names)

    def after_a_cut(self, target: Path, source: random.Random) -> None:
        """Write to an empty folder what a power cut may have left now."""
        names = {number: dict(self.start.get(number, {})) for number in self.names}
        chance = source.choice([0.0, 0.5, 0.9, 1.0])
        for change in self.changes:
            if change.is_synced or source.random() < chance:
                for folder, name, number in change.names:
                    _set(names[folder], name, number)
        self._write(ROOT, names, target, source, source.choice([0.0, 0.5, 0.9, 1.0]))

    def _write(
        self, folder: int, names: dict[int, dict[str, int]], target: Path, source: random.Random, chance: float
    ) -> None:
        target.mkdir(mode=0o700)
        for name, number in names[folder].items():
            if number in self.names:
                if not (target / name).exists():
                    self._write(number, names, target / name, source, chance)
            else:
                (target / name).write_bytes(_torn(self.writes[number], source, chance))

    def _next(self) -> int:
        return len(self.names) + len(self.writes)

    def _change(self, *steps: tuple[Path, int | None]) -> None:
        named = []
        for path, number in steps:
            folder = self.find(path.parent)
            if folder is None:
                raise LookupError(path)
            named.append((folder, path.name, number))
            _set(self.names[folder], path.name, number)
        self.changes.append(Change(named))


def _set(entries: dict[str, int], name: str, number: int | None) -> None:
    entries.pop(name, None)
    if number is not None:
        entries[name] = number


def _torn(writes: list[Write], source: random.Random, chance: float) -> bytes:
    """Return what a file has after a cut: writes that were not synced are kept or lost block by block."""
    data = bytearray()
    for write in writes:
        if write.data is None:
            if write.is_synced or source.random() < chance:
                data[write.offset :] = b"" if len(data) >= write.offset else bytes(write.offset - len(data))
            continue
        grows = write.is_synced or source.random() < max(chance, 0.2)  # the size may reach the disk before the blocks
        for start in range(0, len(write.data), BLOCK_BYTES):
            if write.is_synced or source.random() < chance:
                _put(data, write.offset + start, write.data[start : start + BLOCK_BYTES])
        if grows and len(data) < write.offset + len(write.data):
            data += bytes(write.offset + len(write.data) - len(data))
    return bytes(data)


def _put(data: bytearray, offset: int, block: bytes) -> None:
    data += bytes(max(0, offset - len(data)))
    data[offset : offset + len(block)] = block

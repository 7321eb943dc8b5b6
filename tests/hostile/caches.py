"""Cache folders that somebody else may change."""

from __future__ import annotations

from pathlib import Path

from wergate.disk.files import write_part
from wergate.store import Store


def _use(root: Path) -> None:
    Store(root).get("ir", {"x": 1}, lambda folder: write_part(folder / "model.xml", "<net/>"))


def writable_by_all(folder: Path) -> None:
    """Let everybody write the cache folder."""
    (folder / "cache").mkdir()
    (folder / "cache").chmod(0o777)
    _use(folder / "cache")


def linked_to_writable(folder: Path) -> None:
    """Link the cache folder to one that everybody can write."""
    (folder / "open").mkdir()
    (folder / "open").chmod(0o777)
    (folder / "cache").symlink_to("open")
    _use(folder / "cache")

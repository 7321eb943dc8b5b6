"""Other spellings of the path of a missing file: backslashes, composed letters, and the case of letters."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path


def other_spelling(path: Path) -> Path | None:
    """Return the path of an existing file that differs from `path` only in its spelling, or None.

    Windows writes backslashes, macOS stores `é` as two characters, and neither knows the case of a letter.
    """
    found = Path(path.anchor or ".")
    for name in Path(str(path).replace("\\", "/")).parts[bool(path.anchor) :]:
        below = found / name
        if not os.path.lexists(below):
            other = _names(found).get(_folded(name))
            if other is None:
                return None
            below = found / other
        found = below
    return found if found != path and found.is_file() else None


@lru_cache(maxsize=8)
def _names(folder: Path) -> Mapping[str, str]:
    """Return the names in a folder by their folded form; a corpus may miss thousands of files of one folder."""
    try:
        return {_folded(name): name for name in sorted(os.listdir(folder))}  # noqa: PTH208
    except OSError:
        return {}


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())

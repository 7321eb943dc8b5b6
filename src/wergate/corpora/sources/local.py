"""Detection of the format of a local file or folder from its content."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wergate.corpora.pointers import require_content
from wergate.corpora.sources.base import Source
from wergate.corpora.sources.librispeech import TRANSCRIPTS, LibriSpeechSource
from wergate.corpora.sources.manifest import ManifestSource
from wergate.corpora.sources.parquet import ParquetSource
from wergate.corpora.sources.saved import STATE as SAVED_STATE
from wergate.corpora.sources.saved import SavedSource
from wergate.errors import SuiteError

_METADATA = ("metadata.jsonl", "metadata.csv")
_MANIFESTS = (".jsonl", ".json", ".ndjson", ".csv", ".tsv")
_SPLITS = {"train", "test", "validation", "valid", "val", "dev", "eval"}
_SHARD = re.compile(r"(?P<split>.+)-\d{5}-of-\d{5}")
_PARQUET_MAGIC = b"PAR1"


def absolute(path: str | Path) -> Path:
    """Return a path from the root, with `~` expanded.

    Links are kept: the files of the hub's cache are links, and the paths in a manifest start at its link.
    """
    return Path(os.path.expanduser(path)).absolute()  # noqa: PTH111 - Path.expanduser raises for an unknown user


def open_local(path: Path) -> Source:
    """Open a file or a folder as a source.

    Raises:
        SuiteError: the path does not exist, has no known format, or holds several formats or splits.
    """
    path = absolute(path)  # or else `folder / path` below would apply a relative folder twice
    if not path.exists():
        raise SuiteError(f"file or folder '{path}' does not exist; check --corpus")
    return _open_folder(path) if path.is_dir() else _open_file(path)


def _open_file(path: Path) -> Source:
    require_content(path)
    with path.open("rb") as file:
        start = file.read(len(_PARQUET_MAGIC))
    if path.suffix.lower() == ".parquet" or start == _PARQUET_MAGIC:
        return ParquetSource([path], path.parent)
    if path.suffix.lower() == ".arrow":
        return SavedSource(path)
    if path.name == SAVED_STATE:
        return SavedSource(path.parent)
    if path.suffix.lower() in _MANIFESTS or start.lstrip().startswith(b"{"):
        return ManifestSource([path], path.parent)
    raise SuiteError(
        f"file '{path}' is neither parquet nor a manifest; parquet, or CSV, TSV or JSON Lines with audio_filepath and "
        "text, is accepted; for a LibriSpeech tree, name its folder"
    )


@dataclass(frozen=True)
class _Found:
    """The files of a folder, at any depth, by which its format is detected."""

    saved: list[Path]
    metadata: list[Path]
    transcripts: list[Path]
    parquet: list[Path]
    manifests: list[Path]


def _open_folder(folder: Path) -> Source:
    found = _look(folder)
    forms = {
        SAVED_STATE: found.saved,
        "/".join(_METADATA): found.metadata,
        f"*{TRANSCRIPTS}": found.transcripts,
        "*.parquet": found.parquet,
    }
    present = {form: paths for form, paths in forms.items() if paths}
    if len(present) > 1:
        first = ", ".join(f"{form} ('{paths[0].relative_to(folder)}')" for form, paths in present.items())
        raise SuiteError(
            f"folder '{folder}' has several formats: {first}; one is accepted; name the file or subfolder to use"
        )
    if found.saved:
        return SavedSource(_one_saved(folder, [path.parent for path in found.saved]))
    if found.metadata:
        return ManifestSource(_one_split(folder, _outermost(folder, found.metadata)), folder)
    if found.transcripts:
        return LibriSpeechSource(found.transcripts, folder)
    if found.parquet:
        return ParquetSource(_one_split(folder, found.parquet), folder)
    hint = f" (did you mean '{found.manifests[0]}'?)" if found.manifests else ""
    raise SuiteError(
        f"folder '{folder}' is not a corpus{hint}; metadata.jsonl or metadata.csv, LibriSpeech's *{TRANSCRIPTS}, "
        f"*.parquet, or the {SAVED_STATE} of save_to_disk, also in subfolders, is accepted; for any other manifest, "
        "name the file itself"
    )


def _look(folder: Path) -> _Found:
    found = _Found([], [], [], [], [])
    for path in _files(folder):
        name = path.name.lower()
        if path.name == SAVED_STATE:
            found.saved.append(path)
        elif name in _METADATA:
            found.metadata.append(path)
        elif name.endswith(TRANSCRIPTS):
            found.transcripts.append(path)
        elif name.endswith(".parquet"):
            found.parquet.append(path)
        elif name.endswith(_MANIFESTS):
            found.manifests.append(path)
    return found


def _files(folder: Path) -> list[Path]:
    """Return all files, sorted, including those behind links.

    Hidden files and folders, such as the cache of a download or a repository's `.git`, are left out.
    """
    found, seen = [], set()
    for parent, folders, names in os.walk(folder, followlinks=True):
        seen.add(os.path.realpath(parent))
        below = [name for name in sorted(folders) if os.path.realpath(Path(parent, name)) not in seen]
        folders[:] = [name for name in below if not name.startswith(".")]  # os.walk descends into this list
        found += [Path(parent, name) for name in names if not name.startswith(".")]
    return sorted(found)


def _outermost(folder: Path, metadata: Sequence[Path]) -> Sequence[Path]:
    """Return the metadata file in the folder itself, which covers its subfolders, or else those of the subfolders."""
    own = [path for path in metadata if path.parent == folder]
    if len({path.name.lower() for path in own or metadata}) > 1:
        names = ", ".join(f"'{path.relative_to(folder)}'" for path in own or metadata)
        raise SuiteError(f"folder '{folder}' has metadata in two formats: {names}; keep one, or name the one to use")
    return own or metadata


def _one_split(folder: Path, paths: Sequence[Path]) -> Sequence[Path]:
    """Raise an error if files belong to several splits of a data set, which must not be mixed unnoticed."""
    splits = sorted({split for path in paths if (split := _split(folder, path))})
    if len(splits) > 1:
        raise SuiteError(
            f"folder '{folder}' holds the splits {', '.join(splits)}, first '{paths[0].relative_to(folder)}'; "
            "one split is accepted; name its file or subfolder"
        )
    return paths


def _one_saved(folder: Path, saved: Sequence[Path]) -> Path:
    """Raise an error if a folder holds several splits of save_to_disk."""
    if len(saved) > 1:
        names = ", ".join(f"'{path.relative_to(folder)}'" for path in saved)
        raise SuiteError(
            f"folder '{folder}' holds several data sets of save_to_disk: {names}; one is accepted; name its subfolder"
        )
    return saved[0]


def _split(folder: Path, path: Path) -> str | None:
    """Return the split in a file's name, such as test-00000-of-00002.parquet, or in its folders' names, or None."""
    shard = _SHARD.fullmatch(path.stem)
    names = [*path.relative_to(folder).parent.parts, shard["split"] if shard else path.stem]
    known = [name for name in names if name.lower() in _SPLITS]
    return known[-1] if known else shard["split"] if shard else None

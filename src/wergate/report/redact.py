"""Results and texts without local paths and secrets, for use outside this machine.

Published results name models and corpora, but neither their folders nor other models of the same run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from wergate.report.results import Results

_SUITE = ("accuracy", "benchmarks")  # folders of every checkout: the paths of tests say nothing about a machine
Run = TypeVar("Run", bound=Results)
_PATH = re.compile(
    r"(?<![\w/.])~?/(?:home|root|tmp|var|mnt|media|data|opt|srv|work|builds|Users|private)/[^\s'\",;:()]*"
)


def without_local_paths(run: Run, *, also: Iterable[str] = ()) -> Run:
    """Return results in which every local path of the options, variables or `also` is cut to its last component."""
    data = run.model_dump(mode="json")
    data["environment"] = {name: _without_folders(value) for name, value in data["environment"].items()}
    paths = sorted(
        {*local_paths(data["options"]), *also}, key=len, reverse=True
    )  # longest first: a folder after the files in it
    return type(run).model_validate(_replaced(data, {path: Path(path).name for path in paths}))


def _without_folders(value: str) -> str:
    """Return the value of a variable, with each path of a list such as that of LD_LIBRARY_PATH cut to its end."""
    return os.pathsep.join(Path(part).name if is_local_path(part) else part for part in value.split(os.pathsep))


def shareable(run: Run) -> Run:
    """Return results without local paths, those of the command line too, and without secrets."""
    arguments = [part for one in (run.ending.command if run.ending else []) for part in (one, one.partition("=")[2])]
    also = (path for path in local_paths(arguments) if PurePosixPath(path).parts[0] not in _SUITE)
    shorter = without_local_paths(run, also=also)
    return type(run).model_validate(_each_text(shorter.model_dump(mode="json")))


def shareable_text(text: str) -> str:
    """Return a text with neither secrets nor paths of this machine."""
    return _PATH.sub(_last, redacted(text))


def _each_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _each_text(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_each_text(part) for part in value]
    return shareable_text(value) if isinstance(value, str) else value


def _last(found: re.Match[str]) -> str:
    return PurePosixPath(found.group()).name


def is_local_path(text: str) -> bool:
    """Return whether a text is a local path; plain names and ids of the hub are not."""
    if len(text) < 2 or os.sep not in text:  # noqa: PLR2004 - a lone separator names nothing
        return False
    return text.startswith((".", "~", os.sep)) or Path(text).exists()


def local_paths(value: Any) -> Iterator[str]:
    """Yield every local path in nested dicts and lists."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for part in value:
            yield from local_paths(part)
    elif isinstance(value, str) and is_local_path(value):
        yield value


def _replaced(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {_replaced(key, names): _replaced(part, names) for key, part in value.items()}
    if isinstance(value, list):
        return [_replaced(part, names) for part in value]
    if isinstance(value, str):
        for path, name in names.items():
            value = value.replace(path, name)
    return value


_HIDDEN = "***"
_USER = re.compile(r"(?<=://)[^/\s@]+(?=@)")
_TOKEN = re.compile(r"\b(?:hf_|gh[opsur]_|github_pat_|glpat-|sk-)[\w-]{8,}")
_NAMED = re.compile(r"(?i)((?:token|secret|password|passwd|api_?key|signature)['\"]?\s*[=:]\s*['\"]?)[^\s&;,'\"]+")


def redacted(text: str) -> str:
    """Return a text in which stars replace credentials in URLs, well-known tokens and named secrets."""
    return _NAMED.sub(rf"\1{_HIDDEN}", _TOKEN.sub(_HIDDEN, _USER.sub(_HIDDEN, text)))

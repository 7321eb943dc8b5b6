"""Sides of a duel, as people write them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wergate.environment.machine import version
from wergate.errors import SuiteError, did_you_mean
from wergate.models.candidates import find_candidate

Kind = Literal["environment", "ir", "model", "exec", "transcripts"]
_EXEC, _TRANSCRIPTS = "exec:", "transcripts:"
_PACKAGES = ("openvino", "nncf")
_REQUIREMENT = re.compile(r"(?P<name>[a-z]+)(?:==(?P<version>[0-9][0-9A-Za-z.]*))?")
_ACCEPTED = (
    "accepted: openvino==VERSION[+nncf==VERSION], an IR (.xml or its folder), a checkpoint, FILE.onnx, exec:COMMAND or "
    "transcripts:FILE.jsonl"
)


@dataclass(frozen=True)
class SideSpec:
    """A side of a duel.

    Attributes:
        text: the side as it was given.
        kind: what it is.
        requirements: packages of its environment, as "openvino==2025.4.1"; empty for the environment of this run.
        value: the `.xml`, the spec of a model, the command or the file of transcripts; empty for an environment.
    """

    text: str
    kind: Kind
    requirements: tuple[str, ...] = ()
    value: str = ""

    @property
    def is_network(self) -> bool:
        """True if OpenVINO runs an IR for it, so that it has logits and layers."""
        return self.kind in {"environment", "ir", "model"}

    @property
    def is_timed(self) -> bool:
        """True if it transcribes when it is asked."""
        return self.kind != "transcripts"


def parse_side(text: str) -> SideSpec:
    """Return the side that a text describes.

    Raises:
        SuiteError: it describes none, or a file of it is missing.
    """
    if text.startswith(_EXEC):
        return _command(text)
    if text.startswith(_TRANSCRIPTS):
        file = text.removeprefix(_TRANSCRIPTS)
        if not Path(file).is_file():
            raise SuiteError(f"side '{text}' has no file '{file}'; a file of lines {{id, text}} is accepted")
        return SideSpec(text, "transcripts", value=file)
    if "==" in text or text.partition("+")[0] in _PACKAGES:
        return SideSpec(text, "environment", _requirements(text))
    path = Path(text)
    if path.suffix == ".xml" or (path.is_dir() and any(path.glob("*.xml"))):
        return SideSpec(text, "ir", value=str(find_candidate(text)[1]))
    if not text:
        raise SuiteError(f"a side is empty; {_ACCEPTED}")
    return SideSpec(text, "model", value=text)


def _command(text: str) -> SideSpec:
    command = text.removeprefix(_EXEC).strip()
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise SuiteError(f"side '{text}' cannot be read as a command: {error}; quote it as in a shell") from error
    if not words:
        raise SuiteError(f"side '{text}' names no command; a program with its arguments is accepted: exec:COMMAND")
    return SideSpec(text, "exec", value=command)


def _requirements(text: str) -> tuple[str, ...]:
    """Return the packages of an environment; one without a version has that of this run."""
    found: dict[str, str] = {}
    for part in text.split("+"):
        match = _REQUIREMENT.fullmatch(part)
        name = match["name"] if match else part.partition("==")[0]
        if match is None or name not in _PACKAGES or name in found:
            near = "" if name in _PACKAGES else did_you_mean(name, _PACKAGES)
            raise SuiteError(f"side '{text}' has '{part}', which no environment can have{near}; {_ACCEPTED}")
        found[name] = match["version"] or version(name)
    if "openvino" not in found:
        raise SuiteError(f"side '{text}' has no openvino; {_ACCEPTED}")
    return tuple(f"{name}=={found[name]}" for name in _PACKAGES if name in found)

"""The rule for comparing times of two runs: everything that a time depends on must be the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wergate.environment.machine import size_of

DECISIVE = ("openvino", "nncf", "torch", "transformers", "numpy")
CPU_IDENTITY = ("model", "family", "isa", "cores", "quota")  # as `Cpu.identity` has them
_SETTINGS = ("device", "inference_precision", "python", "system")
Info = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """Something that a time depends on and that two runs do not share: its name, and its value in each run."""

    name: str
    first: str
    second: str


def differences(*, first: Info, second: Info) -> Iterator[Difference]:
    """Yield each difference between two machine infos that a time depends on.

    Args:
        first, second: the sections `cpu`, `versions` and `environment`, and single settings such as `device`.
    """
    if identity(first) != identity(second):
        yield Difference("CPU", identity(first), identity(second))
    for name, version in part(second, "versions").items():
        other = part(first, "versions").get(name, "unknown")
        if other != version:
            yield Difference(name, other, version)
    first_set, second_set = (part(info, "environment") for info in (first, second))
    for name in sorted({*first_set, *second_set}):
        if first_set.get(name) != second_set.get(name):
            yield Difference(name, first_set.get(name, "not set"), second_set.get(name, "not set"))
    for name in _SETTINGS:
        if first.get(name) != second.get(name):
            yield Difference(name.replace("_", " "), first.get(name, "unknown"), str(second.get(name)))


def identity(info: Info) -> str:
    """Return the kind of a machine in words: CPU, generation, instruction set and size."""
    found = part(info, "cpu")
    model, family, isa, cores = (str(found.get(key, "unknown")) for key in CPU_IDENTITY[:-1])
    return f"{model} ({family}) {isa} {size_of(cores, found.get('quota'))}"


def kind_of_machine(info: Info) -> str:
    """Return the kind of a machine as part of a file name, such as "amd-epyc-avx2-2-cores"."""
    return re.sub("[^a-z0-9_]+", "-", identity(info).lower()).strip("-")


def part(info: Info, name: str) -> Mapping[str, Any]:
    """Return a section of a machine info; empty if another tool wrote something else."""
    found = info.get(name)
    return found if isinstance(found, dict) else {}

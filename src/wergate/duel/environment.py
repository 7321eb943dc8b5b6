"""The environment of a side: a venv in the store with pinned wheels, made once."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wergate.disk.files import write_part
from wergate.environment.digest import source_digest
from wergate.environment.machine import version
from wergate.errors import SuiteError
from wergate.progress import Progress
from wergate.store import Store

_VENV, _WHEELS, _REQUIREMENTS = "venv", "wheels.json", "requirements.txt"
_PIP: tuple[str, ...] = ("-m", "pip", "--disable-pip-version-check", "--no-input")


@dataclass(frozen=True)
class Environment:
    """A Python with the packages of a side.

    Attributes:
        python: the interpreter.
        wheels: SHA-256 of each installed wheel by "name==version"; empty for the environment of this run.
    """

    python: Path
    wheels: Mapping[str, str]

    @property
    def numpy(self) -> str:
        """The installed version of NumPy."""
        pinned = (name.partition("==")[2] for name in self.wheels if name.startswith("numpy=="))
        return next(pinned, version("numpy"))


def this_environment() -> Environment:
    """Return the environment of this run."""
    return Environment(Path(sys.executable), {})


def environments(
    store: Store, requirements: Sequence[Sequence[str]], progress: Progress
) -> tuple[Environment, Environment]:
    """Return the environments of two sides, with one version of NumPy where both accept it.

    Args:
        requirements: packages of each side; empty for the environment of this run.
    """
    first, second = (_environment(store, one, version("numpy"), progress) for one in requirements)
    if first.numpy != second.numpy:  # the older release accepts no newer NumPy, but the newer one may accept its
        older, newer = (0, 1) if _key(first.numpy) < _key(second.numpy) else (1, 0)
        found = [first, second]
        if requirements[newer]:
            found[newer] = _environment(store, requirements[newer], found[older].numpy, progress)
        first, second = found
    return first, second


def _key(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdecimal())


def _environment(store: Store, requirements: Sequence[str], numpy: str, progress: Progress) -> Environment:
    """Return the environment of a side, and make it if the store does not have it.

    Args:
        numpy: the version of NumPy to install if the packages accept it.

    Raises:
        SuiteError: the packages cannot be installed.
    """
    if not requirements:
        return this_environment()
    parts = {
        "requirements": list(requirements),
        "numpy": numpy,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "source": source_digest(__name__),
    }

    def build(folder: Path) -> None:
        for _ in progress([folder], f"installing {' and '.join(requirements)} for a side of the duel", 1):
            _make(folder, requirements, numpy)

    folder = store.get("duel-environment", parts, build).folder
    wheels = json.loads((folder / _WHEELS).read_text(encoding="utf-8"))
    return Environment(folder / _VENV / "bin" / "python", wheels)


def _make(folder: Path, requirements: Sequence[str], numpy: str) -> None:
    venv = folder / _VENV
    _run([sys.executable, "-m", "venv", venv], requirements)
    python = venv / "bin" / "python"
    try:
        wheels = _resolved(python, [*requirements, f"numpy=={numpy}"], requirements, folder)
    except SuiteError:  # these releases want another NumPy
        wheels = _resolved(python, requirements, requirements, folder)
    pinned = "\n".join(f"{name} --hash=sha256:{digest}" for name, digest in wheels.items())
    write_part(folder / _REQUIREMENTS, f"{pinned}\n")
    install = ("install", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes")
    _run([python, *_PIP, *install, "--requirement", folder / _REQUIREMENTS], requirements)
    write_part(folder / _WHEELS, json.dumps(wheels, indent=1))


def _resolved(python: Path, wanted: Sequence[str], named: Sequence[str], folder: Path) -> dict[str, str]:
    """Return the wheels that pip would install: their SHA-256 by "name==version"."""
    report = folder / "report.json"
    options = ("install", "--quiet", "--dry-run", "--ignore-installed", "--only-binary", ":all:")
    _run([python, *_PIP, *options, "--report", report, *wanted], named)
    found = json.loads(report.read_text(encoding="utf-8"))["install"]
    report.unlink()
    return {f"{one['metadata']['name']}=={one['metadata']['version']}": _digest(one) for one in found}


def _digest(wheel: Mapping[str, Any]) -> str:
    return str(wheel["download_info"]["archive_info"]["hashes"]["sha256"])


def _run(command: Sequence[str | Path], requirements: Sequence[str]) -> None:
    run = subprocess.run(  # noqa: S603 - venv and pip of a Python of ours
        list(command), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if run.returncode:
        errors = [line for line in run.stderr.splitlines() if line.startswith("ERROR")] or run.stderr.splitlines()
        reason = errors[0].removeprefix("ERROR: ") if errors else f"exit code {run.returncode}"
        raise SuiteError(
            f"the environment of side '{'+'.join(requirements)}' cannot be made: {reason}; name versions that your "
            "package index offers for this Python, and check the network"
        )

"""Legacy environment: a separate Python with OpenVINO 2023.3 and POT, and the steps that run in it."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wergate.disk.files import write_part
from wergate.errors import SuiteError
from wergate.store import text_digest

DRIVER = Path(__file__).parents[2] / "pot_driver"
_PACKAGES = ("openvino", "openvino-dev", "numpy", "scipy")
_PYTHON, _RELEASE = "3.11", "2023.3."  # the last release with POT, and the last Python that it supports
_QUERY = f"""
import json, sys
from importlib import metadata
found = {{"python": "%d.%d" % sys.version_info[:2]}}
for name in {_PACKAGES}:
    try:
        found[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
        found[name] = "absent"
print(json.dumps(found))
"""
_REMEDY = "run `tox run -e pot` to set it up, or set WERGATE_LEGACY_PYTHON to its Python"


@dataclass(frozen=True)
class Legacy:
    """A Python with POT, and the versions of the packages that affect its results."""

    python: Path
    versions: Mapping[str, str]

    @property
    def parts(self) -> dict[str, Any]:
        """Parts of the key of every artifact from this environment: versions, and the source of the driver."""
        source = "\0".join(path.read_text(encoding="utf-8") for path in sorted(DRIVER.glob("*.py")))
        return {"legacy": dict(self.versions), "driver": text_digest(source)}


class LegacyError(SuiteError):
    """A step that failed in the legacy environment.

    Attributes:
        reason: last line of the error.
        log: file with the output of the step.
    """

    def __init__(self, step: str, error: str, log: Path) -> None:
        """Set the message from the step's name and its error."""
        self.reason, self.log = (error.strip().splitlines() or ["it gave no reason"])[-1], log
        super().__init__(
            f"step '{step}' failed in OpenVINO 2023.3: {self.reason}; a model and settings that it supports are "
            f"needed; correct them, or choose another quantizer with --quantizer; the log is kept in '{log}'"
        )


def find_legacy(python: str | None) -> Legacy:
    """Return the legacy environment.

    Args:
        python: path of its Python; None if no path is configured and none was found.

    Raises:
        SuiteError: the environment does not exist, or its Python or OpenVINO has another version.
    """
    if python is None or not Path(python).is_file():
        place = f" at '{python}'" if python else ""
        raise SuiteError(f"the legacy environment is missing{place}: POT needs a separate Python 3.11; {_REMEDY}")
    found = _versions(Path(python))
    if found["python"] != _PYTHON:
        raise SuiteError(f"'{python}' is Python {found['python']}, but OpenVINO 2023.3 needs {_PYTHON}; {_REMEDY}")
    if not found["openvino-dev"].startswith(_RELEASE):
        raise SuiteError(
            f"'{python}' has no POT: its openvino-dev is {found['openvino-dev']}, and 2023.3 is the last release with "
            f"POT; {_REMEDY}"
        )
    return Legacy(Path(python), found)


def _versions(python: Path) -> dict[str, str]:
    try:
        run = subprocess.run([python, "-I", "-c", _QUERY], capture_output=True, text=True, check=True)  # noqa: S603
        return dict(json.loads(run.stdout))
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        raise SuiteError(
            f"'{python}' is not a working Python ({error}); Python {_PYTHON} with POT is needed; {_REMEDY}"
        ) from error


def run_step(
    legacy: Legacy,
    step: str,
    job: Callable[[Path], Mapping[str, Any]],
    *,
    folder: Path,
    log: Path,
    read: Callable[[Path], None] = lambda _: None,
) -> dict[str, Any]:
    """Run one step of the driver and return its report.

    Args:
        legacy: the legacy environment.
        step: "convert", "quantize" or "infer".
        job: returns the parameters of the step; its argument is the step's temporary folder.
        folder: parent of the temporary folder.
        log: file for the output of the step, which is kept in any case.
        read: reads results from the temporary folder before it is removed.

    Raises:
        LegacyError: the step failed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    # OpenVINO's tools write to the home folder and to temporary files. Both are in this folder, so nothing stays.
    with tempfile.TemporaryDirectory(dir=folder, prefix="legacy-") as work:
        report, order = Path(work) / "report.json", Path(work) / "job.json"
        write_part(order, json.dumps({"step": step, "report": str(report), **job(Path(work))}))
        _opt_out(Path(work))
        with log.open("w", encoding="utf-8") as stream:
            code = subprocess.run(  # noqa: S603 - our own driver, in the configured interpreter
                [legacy.python, "-m", DRIVER.name, order],
                cwd=work,
                env=_environment(Path(work)),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode
        found = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
        if code or "error" in found:
            raise LegacyError(step, found.get("error", f"its process ended with code {code}"), log)
        read(Path(work))
    return dict(found)


def _opt_out(home: Path) -> None:
    """Decline telemetry."""
    # Some of OpenVINO's tools start further processes, and all of them read this file.
    (home / "intel").mkdir()
    write_part(home / "intel" / "openvino_telemetry", "0")


def _environment(work: Path) -> dict[str, str]:
    places = dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME"), str(work))
    # Unbuffered, because a crash of a native library would lose the last lines of the log.
    settings = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
    return os.environ | places | settings | {"PYTHONPATH": str(DRIVER.parent)}

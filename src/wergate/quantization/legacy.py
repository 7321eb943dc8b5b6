"""The legacy environment: a Python of its own with OpenVINO 2023.3 and POT, and the steps that it is given."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wergate.errors import SuiteError
from wergate.store import text_digest

DRIVER = Path(__file__).parents[2] / "pot_driver"
_PACKAGES = ("openvino", "openvino-dev", "numpy", "scipy")
_PYTHON, _RELEASE = "3.11", "2023.3."  # of later releases, none has POT; this one takes no later Python
_ASK = f"""
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
_REMEDY = "`tox run -e pot` sets it up; or name its Python with WERGATE_LEGACY_PYTHON"


@dataclass(frozen=True)
class Legacy:
    """A Python that has POT, and the versions of what decides its results."""

    python: Path
    versions: Mapping[str, str]

    @property
    def parts(self) -> dict[str, Any]:
        """What everything that it makes depends on: versions, and the source of what runs there."""
        source = "\0".join(path.read_text(encoding="utf-8") for path in sorted(DRIVER.glob("*.py")))
        return {"legacy": dict(self.versions), "driver": text_digest(source)}


class LegacyError(SuiteError):
    """A step that failed in the legacy environment.

    Attributes:
        reason: the last line of what was told there.
        log: where all that it printed is kept.
    """

    def __init__(self, step: str, told: str, log: Path) -> None:
        """Say what failed and where to read on."""
        self.reason, self.log = told.strip().splitlines()[-1], log
        super().__init__(
            f"OpenVINO 2023.3 failed to {step} it: {self.reason}; a model and settings that it takes are needed; "
            f"correct them, or choose another with --quantizer; its log is kept in '{log}'"
        )


def find_legacy(python: str | None) -> Legacy:
    """Return the legacy environment.

    Args:
        python: the path of its Python; None: none was found.

    Raises:
        SuiteError: there is none, or it is another Python or another OpenVINO.
    """
    if python is None or not Path(python).is_file():
        place = f" at '{python}'" if python else ""
        raise SuiteError(f"the legacy environment is missing{place}: POT needs Python 3.11 of its own; {_REMEDY}")
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
        run = subprocess.run([python, "-I", "-c", _ASK], capture_output=True, text=True, check=True)  # noqa: S603
        return dict(json.loads(run.stdout))
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        raise SuiteError(f"'{python}' is no working Python ({error}); {_REMEDY}") from error


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

    It is given a home and a temporary folder of its own, which are removed: what OpenVINO's tools write is no one's.

    Args:
        step: "convert", "quantize" or "infer".
        job: told the temporary folder, returns what the step is told.
        folder: where the temporary folder is made.
        log: where what it prints is kept, failed or not.
        read: takes what it left in the temporary folder.

    Raises:
        LegacyError: it failed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="legacy-") as work:
        report, told = Path(work) / "report.json", Path(work) / "job.json"
        told.write_text(json.dumps({"step": step, "report": str(report), **job(Path(work))}), encoding="utf-8")
        _opt_out(Path(work))
        with log.open("w", encoding="utf-8") as stream:
            code = subprocess.run(  # noqa: S603 - our own driver, in the interpreter that was named
                [legacy.python, "-m", DRIVER.name, told],
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
    """Decline telemetry where OpenVINO's tools look for that: some of them start processes of their own."""
    (home / "intel").mkdir()
    (home / "intel" / "openvino_telemetry").write_text("0", encoding="ascii")


def _environment(work: Path) -> dict[str, str]:
    places = dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME"), str(work))
    return os.environ | places | {"PYTHONPATH": str(DRIVER.parent), "PYTHONDONTWRITEBYTECODE": "1"}

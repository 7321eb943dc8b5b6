"""The first five minutes of a user: build the package, install it, and use it in an empty folder.

    python tests/install/five_minutes.py [--own-packages]

The new environment finds the packages of the one that runs this script, so that only wergate itself is installed. With
`--own-packages`, pip installs all of them. Each line shows a command, its exit code and its seconds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_DECIDED_OR_NOT = (0, 12)  # with 20 utterances, the evidence may decide nothing
_GIVEN = ("--model", "embedded", "--corpus", "embedded")
_WRITTEN = {"wergate.toml", ".github/workflows/wergate.yml", "report.html"}
_HIDDEN = ("PYTHON", "PYTEST_", "VIRTUAL_ENV", "TOX_")


@dataclass(frozen=True)
class Place:
    """An environment with the package, and an empty folder.

    Attributes:
        environment: folder of the environment.
        work: the working folder, which is not a clone.
    """

    environment: Path
    work: Path

    def run(self, *command: str, accepted: Collection[int] = (0,)) -> None:
        """Run a program of the environment in the working folder, and print its time.

        Raises:
            SystemExit: its exit code is not accepted; its output is printed.
        """
        started = time.perf_counter()
        path = f"{self.environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
        variables = {name: value for name, value in os.environ.items() if not name.startswith(_HIDDEN)}
        done = subprocess.run(
            command,
            cwd=self.work,
            env=variables | {"PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        print(f"{' '.join(command)}: exit code {done.returncode}, {time.perf_counter() - started:.1f} s", flush=True)
        if done.returncode not in accepted:
            print(done.stdout)
            raise SystemExit(1)


def main(arguments: Sequence[str]) -> None:
    """Run all commands; end with exit code 1 at the first that fails."""
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder) / "environment", Path(folder) / "work")
        place.work.mkdir()
        wheel = _built(Path(folder) / "dist")
        _install(place, wheel, own_packages="--own-packages" in arguments)
        place.run("wergate", "--version")
        place.run("wergate", "doctor")
        checked = ("wergate", "check", "embedded", "--limit", "20", "--report", "report.html")
        place.run(*checked, accepted=_DECIDED_OR_NOT)
        place.run("wergate", "init", *_GIVEN)
        place.run("wergate", "check", "--suite", "wergate.toml", "--", "--collect-only", "-q")
        _require_clean(place)
    print("every command has passed")


def _built(folder: Path) -> Path:
    """Build the wheel and the archive of sources, as `python -m build` does, and return the wheel."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = folder.glob("*.whl")
    (archive,) = folder.glob("*.tar.gz")
    print(f"{wheel.name}, {wheel.stat().st_size / 1e6:.1f} MB; {archive.name}, {archive.stat().st_size / 1e6:.1f} MB")
    return wheel


def _install(place: Place, wheel: Path, *, own_packages: bool) -> None:
    venv.create(place.environment, with_pip=True)
    if own_packages:
        place.run("python", "-m", "pip", "install", "--quiet", f"{wheel}[pytorch,quantize]")
        return
    (packages,) = place.environment.glob("lib/python*/site-packages")
    (packages / "reused.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    place.run("python", "-m", "pip", "install", "--quiet", "--no-deps", str(wheel))


def _require_clean(place: Place) -> None:
    """Refuse files that nobody asked for."""
    found = {str(path.relative_to(place.work)) for path in place.work.rglob("*") if path.is_file()}
    if found != _WRITTEN:
        raise SystemExit(f"the folder holds {sorted(found)}, and should hold {sorted(_WRITTEN)}")


if __name__ == "__main__":
    main(sys.argv[1:])

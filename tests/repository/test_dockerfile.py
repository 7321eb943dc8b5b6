"""The Dockerfile, as far as no builder is needed: its sources, its steps, and the package that it makes."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.support.suite_run import ROOT

TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
INSTRUCTIONS = [
    (line.partition(" ")[0], line.partition(" ")[2])
    for line in TEXT.replace("\\\n", " ").splitlines()
    if line and not line.startswith("#")
]
KNOWN = {"FROM", "ARG", "COPY", "RUN", "USER", "ENV", "WORKDIR", "ENTRYPOINT", "CMD"}

PAGE = {
    f"report/page/templates/{name}"
    for name in ("frame.html", "page.html", "compare.html", "history.html", "charts.html", "style.css", "app.js")
}


def all_of(name: str) -> list[str]:
    """Return the arguments of each instruction with a name."""
    return [text for found, text in INSTRUCTIONS if found == name]


def test_the_image_is_the_one_that_is_documented() -> None:
    """Python 3.11, slim, with a tag; each instruction exists; the last user is not root."""
    assert ["python:3.11-slim"] == all_of("FROM")
    assert set() == {name for name, _ in INSTRUCTIONS} - KNOWN
    assert "root" != all_of("USER")[-1]
    assert [["wergate"], ["doctor"]] == [json.loads(all_of(name)[0]) for name in ("ENTRYPOINT", "CMD")]


def test_each_source_exists_and_is_tracked() -> None:
    """A folder of the repository that is renamed is renamed here, and .dockerignore hides none."""
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sources = [source for text in all_of("COPY") for source in shlex.split(text)[:-1]]
    assert [] == [source for source in sources if not (ROOT / source).exists()]
    assert set() == set(sources) & set(ignored)
    assert {"src", "accuracy", "benchmarks", "fixtures", "pytest.ini", "suite.toml", "conftest.py"} <= set(sources)


def test_each_step_is_a_line_for_a_shell() -> None:
    """By the syntax of sh; pip leaves no cache in the image, and installs what the lock names."""
    for line in all_of("RUN"):
        assert 0 == subprocess.run(["sh", "-n", "-c", line], check=False).returncode, line  # noqa: S607
    pip = [line for line in all_of("RUN") if "pip install" in line]
    assert all("--no-cache-dir" in line for line in pip)
    assert "--requirement /tmp/requirements.lock" in pip[0]
    lock = (ROOT / ".ci" / "requirements.lock").read_text(encoding="utf-8")
    assert "--no-build-isolation" in pip[1]
    assert re.search(r"^hatchling==", lock, flags=re.MULTILINE)


def test_its_sources_make_the_whole_package(tmp_path: Path) -> None:
    """A wheel of the copied files alone has the command, the suite, its settings and the embedded data."""
    source = tmp_path / "source"
    for text in all_of("COPY")[1:]:
        *names, target = shlex.split(text)
        for name in names:
            place = tmp_path / target.removeprefix("/")
            link = place / name if target.endswith("/") else place
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(ROOT / name)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    files = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "accuracy", "benchmarks", "fixtures", "pytest.ini", "suite.toml", "conftest.py"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert {f"wergate/suite/{name}" for name in tracked} == {
        name for name in files if name.startswith("wergate/suite/")
    }
    package = {"report/results.schema.json", "cli/main.py", "cli/templates/github.yml", "py.typed", "testing.py"}
    page = {*PAGE, *(f"report/vendor/{path.name}" for path in (ROOT / "src/wergate/report/vendor").iterdir())}
    assert {f"wergate/{name}" for name in package | page} <= files
    assert [] == [
        name
        for name in files
        if name.split("/")[0] not in {"wergate", "pot_driver", "duel_driver"} and ".dist-info" not in name
    ]
    (scripts,) = [name for name in files if name.endswith("entry_points.txt")]
    assert "wergate = wergate.cli.main:main" in zipfile.ZipFile(wheel).read(scripts).decode()

"""Builds that are killed, interrupted or concurrent never leave a partial artifact that is used."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from wergate.store import MANIFEST, Artifact, Store

PARTS = {"weights": "abc", "versions": {"openvino": "1"}}
SRC = Path(__file__).parents[2] / "src"
FILES = {"model.xml": "<net/>", "deep/model.bin": "weights" * 50}


def build(folder: Path) -> None:
    """Write the files that the processes below write."""
    (folder / "deep").mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)


def contents(artifact: Artifact) -> dict[str, str]:
    """Return an artifact's files without its manifest."""
    found = (path for path in artifact.folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {str(path.relative_to(artifact.folder)): path.read_text() for path in found}


# A build in a process of its own, with a hook at each step that a test may end it at.
BUILDER = """
    import os, signal, sys, time
    from pathlib import Path
    from wergate import store as stores

    root, stage, ready, how = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4]

    def reach(name):
        if name == stage:
            if how == "wait":
                ready.touch()
                ready.with_name("go").read_text()  # a pipe: returns when the test closes it
                return
            os.kill(os.getpid(), getattr(signal, how))

    def build(folder):
        reach("before the first file")
        (folder / "model.xml").write_text("<net/>")
        reach("between two files")
        (folder / "deep").mkdir()
        with (folder / "deep/model.bin").open("w") as stream:
            stream.write("weights" * 25)
            stream.flush()
            reach("in the middle of a file")
            stream.write("weights" * 25)
        reach("after the last file")

    def around(function, before, after):
        def wrapped(*args, **kwargs):
            reach(before)
            result = function(*args, **kwargs)
            reach(after)
            return result
        return wrapped

    write_part = stores.write_part
    def manifest_in_two(path, text):
        write_part(path, text[:60])
        reach("in the middle of the manifest")
        write_part(path, text)
    stores.write_part = manifest_in_two
    stores.commit_folder = around(stores.commit_folder, "before the sync", "after the commit")
    stores._write_manifest = around(stores._write_manifest, "before the manifest", "after the manifest")
    Path.rename = around(Path.rename, "before the rename", "after the rename")
    stores.shutil.rmtree = around(stores.shutil.rmtree, "before a removal", "after a removal")

    artifact = stores.Store(root).get("ir", {"weights": "abc", "versions": {"openvino": "1"}}, build)
    print("built" if artifact.built else "found")
"""
STAGES = (
    "before the first file",
    "between two files",
    "in the middle of a file",
    "after the last file",
    "before the manifest",
    "in the middle of the manifest",
    "after the manifest",
    "before the sync",
    "before the rename",
    "after the rename",
    "after the commit",
    "after a removal",
)


def builder(root: Path, stage: str = "", ready: Path = Path("unused"), how: str = "wait") -> subprocess.Popen[str]:
    """Start a process that builds the same artifact and may end at a stage."""
    code = textwrap.dedent(BUILDER)
    return subprocess.Popen(
        [sys.executable, "-c", code, str(root), stage, str(ready), how],
        env=os.environ | {"PYTHONPATH": str(SRC)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Return exit code, output and errors of a process that ends by itself."""
    output, errors = process.communicate(timeout=120)
    return process.returncode, output.strip(), errors


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("how", ["SIGKILL", "SIGINT"])
def test_a_killed_build_leaves_nothing_trusted(stage: str, how: str, tmp_path: Path) -> None:
    """Killed or interrupted at any stage: the next run succeeds, without a warning, with the whole artifact."""
    code, _, errors = ended(builder(tmp_path, stage, how=how))
    assert -getattr(signal, how) == code or "KeyboardInterrupt" in errors
    after = Store(tmp_path).get("ir", PARTS, build)
    assert FILES == contents(after)
    assert after.built == (stage not in {"after the rename", "after the commit"})
    assert [] == list((tmp_path / "tmp").iterdir())


def test_a_kill_while_rebuilding_leaves_nothing_trusted(tmp_path: Path) -> None:
    """A damaged artifact whose rebuilding is killed is rebuilt by the next run."""
    artifact = Store(tmp_path).get("ir", PARTS, build)
    os.truncate(artifact.file("model.xml"), 1)
    for stage in ("after the manifest", "before the rename"):
        assert -signal.SIGKILL == ended(builder(tmp_path, stage, how="SIGKILL"))[0]
    assert ("built", "found") == (ended(builder(tmp_path))[1], ended(builder(tmp_path))[1])


def paused(folder: Path) -> subprocess.Popen[str]:
    """Start a process that is in the middle of its build until it is released or killed."""
    os.mkfifo(folder / "go")
    process = builder(folder / "store", "between two files", folder / "ready")
    while not (folder / "ready").exists():
        assert process.poll() is None
    return process


def waiting(folder: Path) -> subprocess.Popen[str]:
    """Start another process and return when it says that it waits."""
    process = builder(folder / "store")
    assert any("waiting for another process to build ir" in line for line in process.stderr)
    return process


def test_two_processes_build_once(tmp_path: Path) -> None:
    """The second process waits for the first and finds what it built."""
    first = paused(tmp_path)
    second = waiting(tmp_path)
    (tmp_path / "go").write_text("")
    assert ["built", "found"] == [ended(process)[1] for process in (first, second)]


def test_a_process_takes_over_when_the_builder_is_killed(tmp_path: Path) -> None:
    """While one builds, the other waits; when the first is killed, the second builds."""
    first = paused(tmp_path)
    second = waiting(tmp_path)
    first.kill()
    first.communicate()
    assert "built" == ended(second)[1]


def test_many_processes_at_once_build_once(tmp_path: Path) -> None:
    """Whichever comes first builds, and all have the same whole artifact."""
    processes = [builder(tmp_path) for _ in range(4)]
    assert ["built", "found", "found", "found"] == sorted(ended(process)[1] for process in processes)

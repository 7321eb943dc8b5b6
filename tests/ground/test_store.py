"""The artifact store: artifacts are built once, and damaged ones are never used."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wergate.disk.files import append_to_file, replace_file, require_writable, writing
from wergate.errors import SuiteError
from wergate.store import MANIFEST, Artifact, DamagedArtifactWarning, Store, content_key

PARTS = {"weights": "abc", "versions": {"openvino": "1"}}
SRC = Path(__file__).parents[2] / "src"
FILES = {"model.xml": "<net/>", "deep/model.bin": "weights" * 50}


def build(folder: Path) -> None:
    """Write the files of a pretended IR."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


def contents(artifact: Artifact) -> dict[str, str]:
    """Return the text of each file of an artifact by its path, except for the manifest."""
    paths = (path for path in artifact.folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {str(path.relative_to(artifact.folder)): path.read_text() for path in paths}


def never(folder: Path) -> None:
    """Fail, in place of a build that should not happen."""
    raise AssertionError(f"built again in {folder}")


def test_an_artifact_is_built_once(tmp_path: Path) -> None:
    """A second store on the same folder finds the files and the time that the build took."""
    built = Store(tmp_path).get("ir", PARTS, build)
    found = Store(tmp_path).get("ir", PARTS, never)
    assert (True, False) == (built.built, found.built)
    assert FILES == contents(built) == contents(found)
    assert 0 < found.build_seconds <= built.build_seconds


def test_kind_and_parts_identify_an_artifact(tmp_path: Path) -> None:
    """Another kind or other parts give another artifact."""
    store = Store(tmp_path)
    made = [store.get("ir", PARTS, build), store.get("run", PARTS, build), store.get("ir", PARTS | {"x": 1}, build)]
    assert 3 == len({artifact.folder for artifact in made})


def test_a_build_leaves_no_temporary_files(tmp_path: Path) -> None:
    """After a build, the folder for temporary files is empty."""
    Store(tmp_path).get("ir", PARTS, build)
    assert [] == list((tmp_path / "tmp").iterdir())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
PARTS_STRATEGY = st.dictionaries(st.text(max_size=3), JSON, max_size=4)


@given(PARTS_STRATEGY, st.randoms(use_true_random=False))
def test_key_does_not_depend_on_order(parts: dict[str, object], order: object) -> None:
    """Equal parts in another order have the same key."""
    items = list(parts.items())
    order.shuffle(items)
    assert content_key(parts) == content_key(dict(items))


@given(PARTS_STRATEGY, PARTS_STRATEGY)
def test_different_parts_have_different_keys(first: dict[str, object], second: dict[str, object]) -> None:
    """Two keys are equal if and only if their parts are."""
    same = json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
    assert same == (content_key(first) == content_key(second))


@dataclass(frozen=True)
class Damage:
    """Damage to a stored folder, and the expected warning."""

    id: str
    do: Callable[[Path], object]
    message: str


def _edit_manifest(folder: Path, **changes: object) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | changes))


DAMAGES = (
    Damage("truncated file", lambda f: os.truncate(f / "model.xml", 3), "model.xml has 3 bytes, not 6"),
    Damage("empty file", lambda f: os.truncate(f / "deep/model.bin", 0), "model.bin has 0 bytes, not 350"),
    Damage("edited file", lambda f: (f / "model.xml").write_text("<pet/>"), "model.xml does not match its checksum"),
    Damage("missing file", lambda f: (f / "deep/model.bin").unlink(), "model.bin is missing"),
    Damage("file became a folder", lambda f: ((f / "model.xml").unlink(), (f / "model.xml").mkdir()), "is missing"),
    Damage("missing manifest", lambda f: (f / MANIFEST).unlink(), "manifest is missing"),
    Damage("truncated manifest", lambda f: os.truncate(f / MANIFEST, 40), "manifest cannot be read"),
    Damage("empty manifest", lambda f: os.truncate(f / MANIFEST, 0), "manifest cannot be read"),
    Damage("manifest of other JSON", lambda f: (f / MANIFEST).write_text("[1]"), "manifest cannot be read"),
    Damage("manifest without files", lambda f: _edit_manifest(f, files=3), "manifest cannot be read"),
    Damage("manifest with a list", lambda f: _edit_manifest(f, files=list(FILES)), "manifest cannot be read"),
    Damage("manifest without its time", lambda f: _edit_manifest(f, build_seconds=None), "manifest cannot be read"),
    Damage("edited parts", lambda f: _edit_manifest(f, parts={"weights": "x"}), "belongs to another artifact"),
    Damage("binary manifest", lambda f: (f / MANIFEST).write_bytes(b"\xff\x00"), "manifest cannot be read"),
    Damage("additional file", lambda f: (f / "extra.bin").write_text("x"), "extra.bin"),
    Damage("unlisted file", lambda f: _edit_manifest(f, files={}), "model"),
)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.id)
def test_damage_is_rebuilt_with_a_warning(damage: Damage, tmp_path: Path) -> None:
    """An artifact that does not match its manifest is rebuilt, and a warning gives the reason."""
    store = Store(tmp_path)
    damage.do(store.get("ir", PARTS, build).folder)
    with pytest.warns(DamagedArtifactWarning, match=damage.message):
        rebuilt = store.get("ir", PARTS, build)
    assert (True, FILES) == (rebuilt.built, contents(rebuilt))
    assert not store.get("ir", PARTS, never).built


def test_a_foreign_artifact_is_rebuilt(tmp_path: Path) -> None:
    """An intact folder of another key, copied into place, is detected and rebuilt."""
    store = Store(tmp_path)
    wanted = store.get("ir", PARTS, build)
    foreign = store.get("ir", PARTS | {"weights": "other"}, lambda folder: (folder / "model.xml").write_text("bad"))
    shutil.rmtree(wanted.folder)
    shutil.copytree(foreign.folder, wanted.folder)
    with pytest.warns(DamagedArtifactWarning, match="belongs to another artifact"):
        assert FILES == contents(store.get("ir", PARTS, build))


def test_an_artifact_of_another_kind_is_rebuilt(tmp_path: Path) -> None:
    """An artifact of another kind with the same parts, copied into place, is detected and rebuilt."""
    store = Store(tmp_path)
    wanted, other = (store.get(kind, PARTS, build) for kind in ("ir", "run"))
    shutil.rmtree(wanted.folder)
    shutil.copytree(other.folder, wanted.folder)
    with pytest.warns(DamagedArtifactWarning, match="belongs to another artifact"):
        store.get("ir", PARTS, build)


def test_a_file_in_place_of_an_artifact_is_replaced(tmp_path: Path) -> None:
    """A plain file at the path of the folder counts as damage."""
    store = Store(tmp_path)
    folder = store.get("ir", PARTS, build).folder
    shutil.rmtree(folder)
    folder.write_text("no folder")
    with pytest.warns(DamagedArtifactWarning):
        assert FILES == contents(store.get("ir", PARTS, build))


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    """An exception of a build is passed on, and the next call builds again."""
    store = Store(tmp_path)

    def fail(folder: Path) -> None:
        build(folder)
        raise ValueError("no luck")

    with pytest.raises(ValueError, match="no luck"):
        store.get("ir", PARTS, fail)
    assert FILES == contents(store.get("ir", PARTS, build))


def test_an_error_of_a_build_is_passed_on(tmp_path: Path) -> None:
    """A user's mistake that a build detects is not reported as an error of the cache directory."""

    def fail(folder: Path) -> None:
        raise SuiteError(f"audio cannot be decoded for {folder.name}")

    with pytest.raises(SuiteError, match="audio cannot be decoded"):
        Store(tmp_path).get("ir", PARTS, fail)


@dataclass(frozen=True)
class Unwritable:
    """A cache directory that cannot be written, and why."""

    id: str
    path: str
    reason: str


UNWRITABLE = (
    Unwritable("below a file", "file/cache", "Not a directory"),
    Unwritable("a file itself", "file", "(Not a directory|File exists)"),
    Unwritable("on a file system that takes nothing", "/proc/wergate", "No such file or directory"),
)


@pytest.mark.parametrize("case", UNWRITABLE, ids=lambda case: case.id)
def test_an_unwritable_directory_is_an_error(case: Unwritable, tmp_path: Path) -> None:
    """The error names the directory, the reason and the option in one line."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SuiteError, match=rf"cache directory '.*' cannot be written: {case.reason}; .*--cache-dir DIR"):
        Store(tmp_path / case.path).get("ir", PARTS, build)


FULL = """
    import resource, signal, sys
    from pathlib import Path
    from wergate.errors import SuiteError
    from wergate.store import Store

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        Store(Path(sys.argv[1])).get("ir", {"x": 1}, lambda folder: (folder / "model.bin").write_bytes(bytes(5000)))
    except SuiteError as error:
        print(error)
"""


def test_a_full_disk_is_an_error(tmp_path: Path) -> None:
    """A file that does not fit gives one line, and the incomplete artifact is removed."""
    process = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FULL), str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = process.stdout.splitlines()
    assert line.startswith(f"cache directory '{tmp_path}' cannot be written: File too large; ")
    assert [] == [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".lock"]


@dataclass(frozen=True)
class Writer:
    """A way to write a file, and the option that its message names."""

    id: str
    write: Callable[[Path], None]


def _write_after_all(path: Path) -> None:
    with writing(path, what="results"):
        path.write_text("")


WRITERS = (
    Writer("replace", lambda path: replace_file(path, "", what="results")),
    Writer("append", lambda path: append_to_file(path, "", what="results")),
    Writer("any way", _write_after_all),
)


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.id)
def test_a_read_only_file_system_is_reported(writer: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line, although such a file system also refuses to remove a file."""

    def refuse(path: Path, *_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    for name in ("open", "write_text", "replace", "unlink"):
        monkeypatch.setattr(Path, name, refuse)
    with pytest.raises(
        SuiteError, match=r"results file '.*' cannot be written: Read-only file system; correct --results"
    ):
        writer.write(tmp_path / "results.json")


def test_a_folder_that_cannot_be_written_is_known_before_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The closest folder that exists decides, because others are made."""
    require_writable(tmp_path / "new" / "newer" / "results.json", what="results")
    asked: list[Path] = []
    monkeypatch.setattr(os, "access", lambda path, _: bool(asked.append(path)))
    with pytest.raises(SuiteError, match=r"results file '.*' cannot be written: Permission denied; correct --results"):
        require_writable(tmp_path / "new" / "newer" / "results.json", what="results")
    assert [tmp_path] == asked

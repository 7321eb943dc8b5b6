"""The cache directory: who owns it, and who may write it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wergate.errors import SuiteError
from wergate.store import Store

STRANGER = 54_321


def build(folder: Path) -> None:
    """Write a file."""
    (folder / "model.xml").write_text("<net/>")


def use(root: Path, *, shared: bool = False) -> None:
    """Build an artifact in a cache directory."""
    Store(root, shared=shared).get("ir", {"x": 1}, build)


def test_a_new_cache_is_private(tmp_path: Path) -> None:
    """Nobody else may enter it; its parents are as usual."""
    use(tmp_path / "home" / "cache")
    assert 0o700 == (tmp_path / "home" / "cache").stat().st_mode & 0o777
    assert tmp_path.stat().st_mode & 0o077 <= (tmp_path / "home").stat().st_mode & 0o077


@pytest.mark.parametrize("umask", [0o002, 0o022, 0o077])
def test_a_run_makes_its_cache_before_pytest_does(umask: int, tmp_path: Path) -> None:
    """Otherwise a umask that lets the group write would have the next run refuse its own cache."""
    before = os.umask(umask)
    Store(tmp_path / "cache").prepare()
    os.umask(before)
    assert 0o700 == (tmp_path / "cache").stat().st_mode & 0o777
    Store(tmp_path / "cache").prepare()


def test_a_cache_that_cannot_be_made_is_no_error_yet(tmp_path: Path) -> None:
    """The first artifact that has to be written says so."""
    (tmp_path / "file").write_text("")
    Store(tmp_path / "file" / "cache").prepare()
    with pytest.raises(SuiteError, match="cannot be written"):
        use(tmp_path / "file" / "cache")


def test_a_new_cache_of_a_group_is_not_private(tmp_path: Path) -> None:
    """The umask decides who may enter it."""
    before = os.umask(0o002)
    use(tmp_path / "cache", shared=True)
    os.umask(before)
    assert 0o775 == (tmp_path / "cache").stat().st_mode & 0o777


@pytest.mark.parametrize("mode", [0o770, 0o720, 0o777, 0o702, 0o1777])
def test_a_cache_that_others_can_write_is_refused(mode: int, tmp_path: Path) -> None:
    """In one line that names the directory, its mode, what is accepted, and what to do; --shared-cache accepts it."""
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(mode)
    message = (
        rf"'{cache}' can be written by other users \(mode {mode:04o}\); .* is accepted; .*chmod go-w.*--shared-cache"
    )
    for call in (lambda store: store.get("ir", {}, build), lambda store: store.find("ir", "0" * 64)):
        with pytest.raises(SuiteError, match=message):
            call(Store(cache))
    with pytest.raises(SuiteError, match=message):
        Store(cache).update("counts", lambda counts: counts)
    with pytest.raises(SuiteError, match=message):
        Store(cache).rebuild("ir", {}, build)
    assert [] == list(cache.iterdir())
    use(cache, shared=True)


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o750, 0o2755])
def test_a_cache_that_others_can_only_read_is_accepted(mode: int, tmp_path: Path) -> None:
    """Reading does no harm."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(mode)
    use(tmp_path / "cache")


def test_a_cache_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever owns a directory may write it at any time."""
    (tmp_path / "cache").mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(tmp_path / "cache", STRANGER, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: STRANGER)
    with pytest.raises(
        SuiteError, match=r"cache' belongs to user .*; one of your own, .* is accepted; .*--cache-dir DIR"
    ):
        use(tmp_path / "cache")
    use(tmp_path / "cache", shared=True)


def test_the_target_of_a_link_counts(tmp_path: Path) -> None:
    """A private link to a directory that others can write is refused."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "link").symlink_to(tmp_path / "open")
    with pytest.raises(SuiteError, match="open' can be written by other users"):
        use(tmp_path / "link")
    (tmp_path / "open").chmod(0o700)
    use(tmp_path / "link")

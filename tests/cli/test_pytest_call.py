"""The call of pytest: the suite's own settings, plugins and folders, and options as people type them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wergate.cli.pytest_call import PytestCall, typed
from wergate.cli.suite_folder import SuiteFolder, suite_folder

OURS = {"PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD"}


def call(suite: SuiteFolder, *options: str) -> PytestCall:
    """Return a call on the accuracy gates."""
    return PytestCall(suite, ("accuracy",), options, Path("cache"))


def test_options_are_typed_as_people_type_them() -> None:
    """Absent options are not typed, and repeated ones are typed once for each value."""
    values = {"limit": 20, "details": True, "strict": False, "suite": None, "model": ("a", "b c"), "candidate": ()}
    assert ["--limit=20", "--details", "--model=a", "--model=b c"] == list(typed(values))


def test_the_settings_are_those_of_the_suite() -> None:
    """Its ini file, its root, and no plugin but those that it needs."""
    suite = suite_folder()
    arguments = call(suite, "--limit=20").arguments
    assert str(suite.path / "accuracy") == arguments[0]
    assert "--limit=20" == arguments[-1]
    assert {f"--rootdir={suite.path}", "--disable-plugin-autoload", "cache_dir=cache"} <= set(arguments)
    assert str(suite.path / "pytest.ini") == arguments[arguments.index("-c") + 1]


@pytest.mark.parametrize("kind", ["accuracy", "benchmarks"])
def test_an_installed_suite_stores_baselines_with_its_user(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written to the installation; a checkout keeps its own folder."""
    monkeypatch.chdir(tmp_path)
    installed, checkout = SuiteFolder(tmp_path / "site", installed=True), SuiteFolder(tmp_path, installed=False)
    own = tmp_path / "wergate-baselines" / kind
    assert own == installed.baselines(kind, updated=True)
    assert tmp_path / "site" / kind / "baselines" == installed.baselines(kind, updated=False)
    own.mkdir(parents=True)
    assert own == installed.baselines(kind, updated=False)
    assert tmp_path / kind / "baselines" == checkout.baselines(kind, updated=True)


def test_a_folder_of_baselines_that_is_named_wins(tmp_path: Path) -> None:
    """`--baselines DIR` is typed once."""
    arguments = call(SuiteFolder(tmp_path, installed=True), "--baselines=mine").arguments
    assert ["--baselines=mine"] == [word for word in arguments if word.startswith("--baselines")]


def test_variables_are_restored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """During the call, no variable of the user's reaches pytest, and hypothesis writes to the cache."""
    for name in OURS:
        monkeypatch.setenv(name, "theirs")
    monkeypatch.delenv("HYPOTHESIS_STORAGE_DIRECTORY", raising=False)
    seen: dict[str, str] = {}

    def pretended(arguments: list[str], plugins: object) -> int:
        del arguments, plugins
        seen.update(os.environ)
        return 7

    monkeypatch.setattr(pytest, "main", pretended)
    assert 7 == call(SuiteFolder(tmp_path, installed=False)).run()
    assert set() == OURS & set(seen)
    assert str(Path("cache") / "hypothesis") == seen["HYPOTHESIS_STORAGE_DIRECTORY"]
    assert {"theirs"} == {os.environ[name] for name in OURS}
    assert "HYPOTHESIS_STORAGE_DIRECTORY" not in os.environ


def test_zero_is_a_value() -> None:
    """It reaches pytest, which refuses it; only None and False stand for an absent option."""
    assert ["--limit=0"] == list(typed({"limit": 0, "worst": None, "details": False}))

"""The call of pytest that a command makes."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wergate.cli.option_table import OPTIONS, Option
from wergate.cli.suite_folder import SuiteFolder

_BY_NAME: Mapping[str, Option] = {option.name: option for option in OPTIONS}
# The plugins of pytest that the suite needs. No other plugin of the environment is loaded: it could have options of
# the same names, or settings that judge the suite by another project's rules.
_PLUGINS = ("benchmark", "xdist", "hypothesispytest")
_OTHERS = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD")
_HYPOTHESIS = "HYPOTHESIS_STORAGE_DIRECTORY"


@dataclass(frozen=True)
class PytestCall:
    """A call of pytest on parts of the suite.

    Attributes:
        suite: the folder of the suite.
        tests: parts of it, such as "accuracy".
        options: options of the suite and of pytest, as they are typed.
        cache: folder for what pytest and its plugins remember from one run to the next.
    """

    suite: SuiteFolder
    tests: tuple[str, ...]
    options: tuple[str, ...]
    cache: Path

    @property
    def arguments(self) -> list[str]:
        """All arguments: the settings are those of the suite, wherever the call is made."""
        return [*(str(self.suite.path / part) for part in self.tests), *self._settings(), *self.options]

    @property
    def shown(self) -> str:
        """The call as one types it in a shell."""
        return shlex.join(["pytest", *self.arguments])

    def _settings(self) -> Iterator[str]:
        updated = "--update-baselines" in self.options
        yield from ("-c", str(self.suite.settings), f"--rootdir={self.suite.path}", "-o", f"cache_dir={self.cache}")
        yield "--disable-plugin-autoload"
        for plugin in _PLUGINS:
            yield from ("-p", plugin)
        yield f"--benchmark-storage=file://{self.suite.baselines('benchmarks', updated=updated)}"
        if self.suite.installed and not any(option.startswith("--baselines") for option in self.options):
            yield f"--baselines={self.suite.baselines('accuracy', updated=updated)}"

    def run(self) -> int:
        """Call pytest in this process and return its exit code."""
        import pytest  # the other commands need none of it

        with _isolated(self.cache):
            return int(pytest.main(self.arguments, plugins=[_Placed()]))


class _Placed:
    """A plugin that shows paths from the folder of the suite, so that they read as in a checkout."""

    def pytest_sessionstart(self, session: Any) -> None:
        """Show the ids of tests as they are, not relative to the working folder."""
        session.config.cwd_relative_nodeid = _unchanged
        reporter = session.config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            reporter.startpath = session.config.rootpath


def _unchanged(node_id: Any) -> Any:
    return node_id


@contextmanager
def _isolated(cache: Path) -> Iterator[None]:
    """Keep the user's variables for pytest out of a run, and hypothesis's files out of the working folder.

    The workers of xdist inherit these variables.
    """
    before = {name: os.environ.get(name) for name in (*_OTHERS, _HYPOTHESIS)}
    for name in _OTHERS:
        os.environ.pop(name, None)
    os.environ[_HYPOTHESIS] = str(cache / "hypothesis")
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def typed(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield options of the suite as they are typed.

    Args:
        values: value of each option by name; None, False or nothing for an absent one.
    """
    for name, value in values.items():
        flag = _BY_NAME[name].flag
        if value is True:
            yield flag
        elif isinstance(value, Sequence) and not isinstance(value, str):
            yield from (f"{flag}={one}" for one in value)
        elif value is not None and value is not False:  # 0 is a value
            yield f"{flag}={value}"

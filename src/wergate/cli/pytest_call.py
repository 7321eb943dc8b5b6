"""The call of pytest that a command makes."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wergate.cli.option_table import OPTIONS, Option
from wergate.cli.suite_folder import SuiteFolder

_BY_NAME: Mapping[str, Option] = {option.name: option for option in OPTIONS}


@dataclass(frozen=True)
class PytestCall:
    """A call of pytest on parts of the suite.

    Attributes:
        suite: the folder of the suite.
        tests: parts of it, such as "accuracy".
        options: options of the suite and of pytest, as they are typed.
    """

    suite: SuiteFolder
    tests: tuple[str, ...]
    options: tuple[str, ...]

    @property
    def shown(self) -> str:
        """The call as one types it in a checkout."""
        return shlex.join(["pytest", *self.tests, *self.options])

    def arguments(self, cache: Path) -> list[str]:
        """Return all arguments: the settings are those of the suite, wherever the call is made.

        Args:
            cache: folder for what pytest remembers from one run to the next.
        """
        updated = "--update-baselines" in self.options
        ours = [
            "-c",
            str(self.suite.settings),
            f"--rootdir={self.suite.path}",
            "-o",
            f"cache_dir={cache}",
            f"--benchmark-storage=file://{self.suite.baselines('benchmarks', updated=updated)}",
        ]
        if self.suite.installed and not any(option.startswith("--baselines") for option in self.options):
            ours.append(f"--baselines={self.suite.baselines('accuracy', updated=updated)}")
        return [*(str(self.suite.path / part) for part in self.tests), *ours, *self.options]


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
        elif value not in {None, False}:
            yield f"{flag}={value}"

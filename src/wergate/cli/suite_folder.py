"""The folder of the suite: `accuracy/`, `benchmarks/`, `fixtures/` and their settings, installed or checked out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import wergate
from wergate.errors import SuiteError

_SETTINGS = "pytest.ini"
_USERS = "wergate-baselines"  # baselines of an installed suite belong to the user's own repository


@dataclass(frozen=True)
class SuiteFolder:
    """The folder that pytest runs in.

    Attributes:
        path: the folder, with `pytest.ini` in it.
        installed: whether it is part of the installed package, so that nothing may be written to it.
    """

    path: Path
    installed: bool

    @property
    def settings(self) -> Path:
        """The file with pytest's settings."""
        return self.path / _SETTINGS

    def baselines(self, kind: str, *, updated: bool) -> Path:
        """Return the folder of baselines.

        An installed suite has baselines of the embedded model. The user's own, if there are any, take their place.

        Args:
            kind: "accuracy" or "benchmarks".
            updated: whether this run stores its figures as new baselines.
        """
        shipped, own = self.path / kind / "baselines", Path.cwd() / _USERS / kind
        return own if self.installed and (updated or own.is_dir()) else shipped


def suite_folder() -> SuiteFolder:
    """Return the folder of the suite.

    Raises:
        SuiteError: this package has no suite, as after an incomplete installation.
    """
    package = Path(wergate.__file__).parent
    for path, installed in ((package / "suite", True), (package.parents[1], False)):
        if (path / _SETTINGS).is_file() and (path / "accuracy").is_dir():
            return SuiteFolder(path, installed)
    raise SuiteError(f"'{package}' has no suite: accuracy/ and benchmarks/ are missing; install wergate again")

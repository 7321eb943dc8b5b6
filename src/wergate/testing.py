"""The accuracy gates as tests of a suite that a team already has.

The gates run in a process of their own, once for each model. So the options, plugins and warning filters of the
surrounding suite do not reach them, and theirs do not reach it.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import filelock
import pytest

from wergate.disk.files import replace_content
from wergate.errors import SuiteError, did_you_mean
from wergate.gates.names import ACCURACY_GATES, family
from wergate.report.exit_code import Cause

__all__ = ["Gate", "parametrize_with_gates"]
_RUN = "run"  # stands for all that no gate judges: the set-up, and tests that fail without a verdict
_JUDGED = {0, Cause.ACCURACY, Cause.LATENCY, Cause.INCONCLUSIVE}  # exit codes of runs whose gates judged everything
_WORKER = "PYTEST_XDIST_TESTRUNUID"  # xdist sets it in its workers, to one value for all of them
_TAIL = 30
_SHOWN = 2000


@dataclass(frozen=True)
class _Call:
    """Arguments of `wergate check`."""

    model: str
    corpora: tuple[str, ...]
    options: tuple[str, ...]

    @property
    def arguments(self) -> list[str]:
        corpora = (f"--corpus={corpus}" for corpus in self.corpora)
        return [sys.executable, "-m", "wergate.cli.main", "check", self.model, *corpora, *self.options]


@dataclass(frozen=True)
class _Outcome:
    """A finished call; `verdicts` are rows of its results file, as in docs/reference/result-fields.md."""

    code: int
    output: str
    verdicts: list[dict[str, Any]]
    accepts_undecided: bool


@dataclass(frozen=True)
class Gate:
    """One gate of a model, to be called by a test.

    Attributes:
        name: name of the gate, such as "wer".
    """

    name: str
    _call: _Call

    def __call__(self) -> None:
        """Fail the calling test if a verdict of this gate does not pass; skip it if the run has none.

        The first call of a gate of a model runs all gates of this model, which takes minutes.
        """
        __tracebackhide__ = True
        outcome = _outcome(self._call)
        if self.name == _RUN:
            if outcome.code not in _JUDGED:
                pytest.fail(_explained(outcome), pytrace=False)
            return
        rows = [row for row in outcome.verdicts if family(row["gate"]) == self.name]
        accepted = {"PASS", "INCONCLUSIVE"} if outcome.accepts_undecided else {"PASS"}
        failed = [str(row["line"]) for row in rows if row["status"] not in accepted]
        if failed:
            pytest.fail("\n".join(failed), pytrace=False)
        if not rows:
            pytest.skip(f"this run has no verdict of the gate {self.name}")


def parametrize_with_gates(
    *,
    model: str,
    corpus: str | Sequence[str],
    expected_failures: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
) -> pytest.MarkDecorator:
    """Return a decorator that parametrizes a test with the accuracy gates of a model.

    The test has one argument, `gate`, and calls it. A gate that is expected to fail is marked as such, strictly: once
    it passes, the test fails until the expectation is removed.

    Args:
        model: as for `wergate check`; a relative path starts at the working folder.
        corpus: one corpus or several, as for `--corpus`.
        expected_failures: the reason for each gate that fails today, by the gate's name.
        options: further options of `wergate check`, such as "--suite=wergate.toml".

    Raises:
        SuiteError: there is no gate of that name, or an expected failure has no reason.
    """
    expected = dict(expected_failures or {})
    for name, reason in expected.items():
        _require_known(name, reason)
    call = _Call(model, (corpus,) if isinstance(corpus, str) else tuple(corpus), tuple(options))
    parameters = [
        pytest.param(Gate(name, call), id=name, marks=_marks(expected.get(name))) for name in (_RUN, *ACCURACY_GATES)
    ]
    return pytest.mark.parametrize("gate", parameters)


def _marks(reason: str | None) -> list[pytest.MarkDecorator]:
    return [] if reason is None else [pytest.mark.xfail(reason=reason, strict=True)]


def _require_known(name: str, reason: str) -> None:
    if name not in ACCURACY_GATES:
        hint = did_you_mean(name, ACCURACY_GATES)
        raise SuiteError(
            f"expected_failures names the gate '{name}', which does not exist{hint}; see the page on gates"
        )
    if not reason.strip():
        raise SuiteError(f"expected_failures gives no reason for the gate '{name}'; write why it fails today")


@cache
def _outcome(call: _Call) -> _Outcome:
    """Return the outcome of a call, made once for each test session, however many workers it has."""
    session = os.environ.get(_WORKER)
    if session is None:
        return _made(call)
    key = hashlib.sha256(json.dumps(call.arguments).encode()).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"wergate-{session}-{key}.json"
    with filelock.FileLock(f"{path}.lock"):
        if not path.exists():
            replace_content(path, json.dumps(asdict(_made(call))))
        return _Outcome(**json.loads(path.read_text(encoding="utf-8")))


def _made(call: _Call) -> _Outcome:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results.json"
        done = subprocess.run(  # noqa: S603 - our own command
            [*call.arguments, f"--results={path}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=variables,
            text=True,
            check=False,
        )
        results = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"verdicts": [], "options": {}}
    accepts_undecided = bool(results["options"].get("allow_inconclusive"))
    return _Outcome(done.returncode, done.stdout, results["verdicts"], accepts_undecided)


def _explained(outcome: _Outcome) -> str:
    """Return the errors that ended a run, or else its last lines."""
    lines = outcome.output.splitlines()
    errors = list(dict.fromkeys(line for line in lines if line.startswith("ERROR")))
    text = "\n".join(errors or lines[-_TAIL:])
    return f"wergate check ended with exit code {outcome.code}:\n{text[:_SHOWN]}"

"""Thresholds that no model can meet and no suite file may hold, so that gates fail in a run of the suite."""

from __future__ import annotations

from pathlib import Path

import pytest

import wergate

_PLUGIN = """
from wergate.config.thresholds import ThresholdsByPrecision

of = ThresholdsByPrecision.of

def impossible(self, precision):
    found = of(self, precision)
    return found.model_copy(update={thresholds!r}) if precision == "int8" else found

ThresholdsByPrecision.of = impossible
"""


def impossible(monkeypatch: pytest.MonkeyPatch, folder: Path, **thresholds: float) -> tuple[str, str]:
    """Write a plugin that holds INT8 to such thresholds, and return the options that load it."""
    return plugged(monkeypatch, folder, _PLUGIN.format(thresholds=thresholds))


def plugged(monkeypatch: pytest.MonkeyPatch, folder: Path, source: str) -> tuple[str, str]:
    """Write a plugin of pytest, and return the options that load it.

    The workers of a forked run do not find it: start a process for a run with workers.
    """
    (folder / "impossible.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{Path(wergate.__file__).parents[1]}")
    return "-p", "impossible"

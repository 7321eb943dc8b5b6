"""The gates are tested by breaking things: every fault is caught, by the gate that is meant for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from catching import catch
from fault import Fault
from faults import FAULTS
from warm_store import WarmStore


def test_a_run_without_a_fault_passes(honest: WarmStore, tmp_path: Path) -> None:
    """What the faults are put into is sound."""
    done = catch(None, warm=honest.root, keys=honest.keys, folder=tmp_path / "run")
    assert (0, ()) == (done.code, done.gates), done.output


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.slug)
def test_fault_is_caught(fault: Fault, honest: WarmStore, tmp_path: Path) -> None:
    """The run fails, and the gate that has to catch the fault is among what fails it."""
    done = catch(fault, warm=honest.root, keys=honest.keys, folder=tmp_path / "run")
    assert done.caught_by(fault.gate), f"{done.code}: {done.gates}\n{done.output}"

"""Tests of the gates by injected faults: each fault is caught by the gate that it belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutations.catching import catch
from tests.mutations.fault import Fault
from tests.mutations.faults import FAULTS
from tests.mutations.table import DOCUMENT
from tests.mutations.warm_store import WarmStore

NAMES = {fault.name for fault in FAULTS}
PARAMETERS = [pytest.param(fault, id=fault.slug, marks=[pytest.mark.alone] if fault.timed else []) for fault in FAULTS]


def test_a_run_without_a_fault_passes(honest: WarmStore, tmp_path: Path) -> None:
    """The run without a fault passes."""
    done = catch(None, warm=honest.root, keys=honest.keys, folder=tmp_path / "run")
    assert (0, ()) == (done.code, done.gates), done.output


@pytest.mark.parametrize("fault", PARAMETERS)
def test_fault_is_caught(fault: Fault, honest: WarmStore, tmp_path: Path) -> None:
    """The run fails, and the gate of the fault is among those that failed.

    A fault in speed is timed while no other test runs. Other programs of the machine may still leave a slowdown of 5 %
    open: then the run fails as INCONCLUSIVE. A load on one side must do so, and say why.
    """
    done = catch(fault, warm=honest.root, keys=honest.keys, folder=tmp_path / "run")
    caught = done.caught(fault) or (fault.attempts > 1 and done.left_open_by(fault.gate))
    assert caught, f"{done.code}: {done.gates}\n{done.output}"


def test_the_table_tells_of_these_faults() -> None:
    """The table of `python tests/mutations/table.py` lists the present faults, all of them caught."""
    lines = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    listed = [tuple(cell.strip(" `") for cell in line.strip("|").split("|")[:2]) for line in lines]
    assert [(fault.name, fault.gate) for fault in FAULTS] == [cells for cells in listed if cells[0] in NAMES]
    assert not [line for line in lines if "not caught" in line]

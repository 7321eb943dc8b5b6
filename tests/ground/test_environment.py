"""The CPU as a container's quota leaves it, and the environment variables that change what is measured."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from fixtures.benchmarks.machine import differences
from wergate.environment import machine
from wergate.environment.allocator import bound_pools
from wergate.environment.machine import Cpu, cpu, size_of, thread_options, variables
from wergate.networks.ir.file import compile_ir

FOUR = {0, 1, 2, 3}
SetQuota = Callable[[float | None], Cpu]


@pytest.fixture
def set_quota(monkeypatch: pytest.MonkeyPatch) -> Iterator[SetQuota]:
    """Return a function that gives this process four CPUs and a quota."""

    def give(quota: float | None) -> Cpu:
        monkeypatch.setattr(machine, "cpu_quota", lambda: quota)
        monkeypatch.setattr("os.sched_getaffinity", lambda _: FOUR)
        cpu.cache_clear()
        return cpu()

    yield give
    cpu.cache_clear()


@pytest.mark.parametrize(
    ("quota", "cores", "counted"),
    [(None, 4, None), (2.0, 2, 2.0), (2.9, 2, 2.9), (0.5, 1, 0.5), (4.0, 4, None), (16.0, 4, None)],
)
def test_the_lesser_of_affinity_and_quota_counts(
    quota: float | None, cores: int, counted: float | None, set_quota: SetQuota
) -> None:
    """In whole cores, at least one; a quota that allows all CPUs limits nothing."""
    found = set_quota(quota)
    assert (cores, counted) == (found.cores, found.quota)
    assert ({} if counted is None else {"INFERENCE_NUM_THREADS": str(cores)}) == thread_options()


def test_machines_with_other_quotas_are_other_machines(set_quota: SetQuota) -> None:
    """Two quotas may leave the same number of cores, and times differ all the same."""
    whole, half = set_quota(2.0), set_quota(2.5)
    assert whole.cores == half.cores
    assert whole.identity != half.identity
    assert ("2 cores", "2 cores (quota of 2.5 CPUs)") == (size_of(2, None), size_of(2, half.quota))


def info(machine: Cpu) -> dict[str, object]:
    """Return what a baseline stores about a machine."""
    names = ("model", "family", "isa", "cores", "quota")
    return {"cpu": dict(zip(names, machine.identity, strict=True))}


def test_a_baseline_of_another_quota_is_not_compared(set_quota: SetQuota) -> None:
    """Its quota is named; a baseline from before quotas were read is one without a quota."""
    machine = set_quota(2.5)
    without = replace(machine, quota=None)
    (line,) = differences(here=info(machine), stored=info(without))
    assert line.endswith("2 cores, here " + line.partition("here ")[2])
    assert "2 cores (quota of 2.5 CPUs)" in line
    old = info(without)
    old["cpu"] = {name: value for name, value in info(without)["cpu"].items() if name != "quota"}  # type: ignore[attr-defined]
    assert [] == list(differences(here=info(without), stored=old))


def test_the_runtime_keeps_to_a_quota(set_quota: SetQuota, tmp_path: Path) -> None:
    """OpenVINO alone would take a thread for each CPU of the affinity."""
    samples = ops.parameter([1, -1], dtype=np.float32)
    ov.save_model(ov.Model([ops.relu(samples)], [samples]), tmp_path / "model.xml")
    set_quota(1.5)
    compiled = compile_ir(tmp_path / "model.xml", "CPU", {"PERFORMANCE_HINT": "LATENCY"})
    assert 1 == compiled.get_property("INFERENCE_NUM_THREADS")


def test_variables_that_change_measurements_are_known() -> None:
    """Whatever is set of them, by the patterns that tox passes on; empty ones and others are left out."""
    given = {
        "OMP_NUM_THREADS": "3",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "LD_LIBRARY_PATH": "/opt/lib",
        "WERGATE_MADE_UP": "1",
    }
    others = {"HOME": "/root", "HF_TOKEN": "secret", "KMP_INIT_AT_FORK": "FALSE", "MALLOC_ARENA_MAX": ""}
    with mock.patch.dict("os.environ", given | others, clear=True):
        assert given == variables()


def test_bounds_of_the_suite_itself_are_not_reported() -> None:
    """Every run has them, so they explain no difference; a value of somebody else's does, and it wins."""
    name = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
    with mock.patch.dict("os.environ", {}, clear=True):
        bound_pools()
        assert name in os.environ
        assert {} == variables()
    with mock.patch.dict("os.environ", {name: "7"}, clear=True):
        bound_pools()
        assert {name: "7"} == variables()


def test_a_baseline_under_other_variables_is_advisory() -> None:
    """Each difference is named, also of a variable that only one of the two runs had."""
    here, stored = {"environment": {"OMP_NUM_THREADS": "1"}}, {"environment": {"OMP_NUM_THREADS": "4", "TBB_X": "1"}}
    assert ["OMP_NUM_THREADS 4, here 1", "TBB_X 1, here not set"] == list(differences(here=here, stored=stored))

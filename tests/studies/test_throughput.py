"""Utterances in several ways side by side: every side transcribes all of them, to the same logits."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.suite_run import Warm
from tests.support.tiny import Tiny, sound
from wergate.studies.throughput.study import PRECISIONS, WAYS, Workload, hardware_share, side_by_side


def test_every_side_does_the_same_work(tiny: Tiny, own_warm: Warm, tmp_path: Path) -> None:
    """In blocks, whatever their number; FP16 alike in all ways; the limit and the layers are told."""
    utterances = [sound(seconds, seed=n) for n, seconds in enumerate((0.4, 2.0, 1.1, 0.8, 1.5))]
    workload = Workload(tiny.session(tmp_path, own_warm.cache), str(tiny.model), utterances)
    race = side_by_side(workload, blocks=2)
    assert {(variant, way) for variant in PRECISIONS for way in WAYS} == race.results.keys()
    for result in race.results.values():
        assert set(range(5)) == result.logits.keys()
        assert result.seconds > 0
    for way in WAYS[1:]:
        assert race.results["fp16", WAYS[0]].beside(race.results["fp16", way]).sqnr_db > 80
    assert all(peak > 0 for peak in race.gemm_gmacs.values())
    share = hardware_share(workload, "int8", race.results["int8", "buckets"].seconds)
    assert 1.0 == pytest.approx(sum(share.layers.values()))
    assert 0 < share.reached_gmacs < race.gemm_gmacs["int8"]

"""Utterances in several ways side by side: every side transcribes all of them, to the same logits."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.suite_run import Warm
from tests.support.tiny import Tiny, sound
from wergate.studies.throughput.study import PRECISIONS, WAYS, Load, hardware_share, side_by_side


def test_every_side_does_the_same_work(tiny: Tiny, own_warm: Warm, tmp_path: Path) -> None:
    """In blocks, whatever their number; FP16 alike in all ways; the limit and the layers are told."""
    utterances = [sound(seconds, seed=n) for n, seconds in enumerate((0.4, 2.0, 1.1, 0.8, 1.5))]
    load = Load(tiny.session(tmp_path, own_warm.cache), str(tiny.model), utterances)
    race = side_by_side(load, blocks=2)
    assert {(variant, way) for variant in PRECISIONS for way in WAYS} == race.laps.keys()
    for lap in race.laps.values():
        assert set(range(5)) == lap.logits.keys()
        assert lap.seconds > 0
    for way in WAYS[1:]:
        assert race.laps["fp16", WAYS[0]].beside(race.laps["fp16", way]).sqnr_db > 80
    assert all(peak > 0 for peak in race.gemm_gmacs.values())
    share = hardware_share(load, "int8", race.laps["int8", "buckets"].seconds)
    assert 1.0 == pytest.approx(sum(share.layers.values()))
    assert 0 < share.reached_gmacs < race.gemm_gmacs["int8"]

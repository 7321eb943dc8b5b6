"""The throughput study: every side transcribes all utterances, with the same logits."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.suite_run import Warm
from tests.support.tiny import Tiny, sound
from wergate.studies.throughput.study import MODES, PRECISIONS, Workload, hardware_share, side_by_side


def test_every_side_does_the_same_work(tiny: Tiny, own_warm: Warm, tmp_path: Path) -> None:
    """All utterances run in blocks, FP16 logits are equal in all modes, and the hardware limit and layers are known."""
    utterances = [sound(seconds, seed=n) for n, seconds in enumerate((0.4, 2.0, 1.1, 0.8, 1.5))]
    workload = Workload(tiny.session(tmp_path, own_warm.cache), str(tiny.model), utterances)
    race = side_by_side(workload, blocks=2)
    assert {(variant, mode) for variant in PRECISIONS for mode in MODES} == race.results.keys()
    for result in race.results.values():
        assert set(range(5)) == result.logits.keys()
        assert result.seconds > 0
    for mode in MODES[1:]:
        assert race.results["fp16", MODES[0]].compared_with(race.results["fp16", mode]).sqnr_db > 80
    assert all(peak > 0 for peak in race.gemm_gmacs.values())
    share = hardware_share(workload, "int8", race.results["int8", "buckets"].seconds)
    assert 1.0 == pytest.approx(sum(share.layers.values()))
    assert 0 < share.reached_gmacs < race.gemm_gmacs["int8"]

"""Stored activation ranges: written, read, compared, and not compared after a change of their origin."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.recorded_syncs import recorded_syncs
from tests.support.variants import make_variant
from wergate.errors import SuiteError
from wergate.evaluation.activations import RangeComparison
from wergate.gates.ir import ranges_verdict
from wergate.gates.range_baseline import (
    StoredRanges,
    differing_origin,
    read_ranges,
    stored_ranges_verdict,
    write_ranges,
)
from wergate.networks.ir.ranges import RangeWidth
from wergate.verdict import Status

ENDS = {"a": (-1.008, 1.0), "b": (0.0, 2.0)}
STORED = StoredRanges(model="m" * 64, calibration="c" * 64, settings="s" * 64, versions={"nncf": "3.4.0"}, ranges=ENDS)


def test_ranges_are_read_as_they_were_written(tmp_path: Path) -> None:
    """Each model keeps its own ranges, and the last ones count."""
    path = tmp_path / "ranges.json"
    assert read_ranges(path, "tiny/int8") is None
    write_ranges(path, "tiny/int8", STORED.model_copy(update={"ranges": {}}))
    write_ranges(path, "other/int8", STORED.model_copy(update={"ranges": {}}))
    write_ranges(path, "tiny/int8", STORED)
    assert STORED == read_ranges(path, "tiny/int8")


def test_ranges_are_synced(tmp_path: Path) -> None:
    """The file is synced under a temporary name, and its folder after the rename."""
    with recorded_syncs() as record:
        write_ranges(tmp_path / "ranges.json", "tiny/int8", STORED)
    assert ["sync", "rename", "sync"] == [kind for kind, _ in record.of(tmp_path)]


def test_a_file_of_another_form_is_refused(tmp_path: Path) -> None:
    """The error names the file, and the option that writes it."""
    (tmp_path / "ranges.json").write_text('{"entries": {"tiny/int8": {"ranges": 1}}}')
    with pytest.raises(SuiteError, match=r"ranges\.json' cannot be read .* --update-baselines"):
        read_ranges(tmp_path / "ranges.json", "tiny/int8")


@pytest.mark.parametrize(
    ("ends", "changed"),
    [
        (ENDS, 0),
        (ENDS | {"a": (-1.0085, 1.0005)}, 0),
        (ENDS | {"a": (-1.03, 1.02)}, 1),
        ({"a": ENDS["a"]}, 1),
        (ENDS | {"c": (0.0, 1.0)}, 1),
    ],
)
def test_ranges_may_differ_by_rounding_alone(ends: dict[str, tuple[float, float]], changed: int) -> None:
    """A range that moved, is missing or is new counts."""
    verdict = stored_ranges_verdict(ends, ENDS, make_variant())
    assert changed == verdict.value
    assert (verdict.status is Status.PASS) == (changed == 0)


def test_another_origin_is_named() -> None:
    """Ranges of other audio or versions are not compared."""
    now = STORED.model_copy(update={"calibration": "d" * 64, "versions": {"nncf": "3.5.0"}})
    assert [] == list(differing_origin(STORED, STORED))
    assert ["calibration cccccccc, now dddddddd", "nncf 3.4.0, now 3.5.0"] == list(differing_origin(STORED, now))


@pytest.mark.parametrize(
    ("bits", "chance", "passes", "words"),
    [
        (0.3, 0.0, True, "is 1.23 times as wide as the values of 16 calibration utterances"),
        (1.0, 0.0, False, "is 2 times as wide"),
        (-1.0, 0.0, False, "covers 0.5 of the values"),
        (0.8, 0.9, True, "is 1.74 times as wide"),
        (float("nan"), 0.0, False, "is not finite"),
        (float("-inf"), 0.0, False, "is empty or covers none"),
    ],
)
def test_the_worst_range_decides(bits: float, chance: float, passes: bool, words: str) -> None:
    """The range furthest beyond its limit is named, and what chance explains raises its limit."""
    widths = (RangeWidth("good", 0.1, 0.0), RangeWidth("odd", bits, chance))
    verdict = ranges_verdict(RangeComparison(widths, 16, "speech", calibrated=True), 0.5, make_variant())
    assert (verdict.status is Status.PASS) == passes
    assert f"odd {words}" in verdict.line

"""Error shape and executed work in output and results of a run."""

from __future__ import annotations

import pytest

from tests.support.suite_run import Warm


def test_the_shape_is_recorded(warm: Warm) -> None:
    """Each variant has kinds of errors, ranges and worst utterances, with all words of the corpus."""
    assert warm.cold.results is not None
    rows = warm.cold.results["evaluations"]
    assert {"fp16", "int8"} == {row["variant"] for row in rows}
    for row in rows:
        shape, words = row["shape"], row["reference"]["words"]
        assert words == shape["deletions"]["units"] == sum(part["wer"]["units"] for part in shape["ranges"])
        assert row["candidate"]["deletions"] == pytest.approx(shape["deletions"]["candidate"] * words)
        assert row["candidate"]["insertions"] == pytest.approx(shape["insertions"]["candidate"] * words)
        assert shape["worst_sqnr_db"]["value"] <= row["logits"]["sqnr_db"]


def test_the_executed_work_is_recorded(warm: Warm) -> None:
    """INT8 names each layer that fell back, its share and a reason; the shares and the 8-bit work are the whole."""
    assert warm.cold.results is not None
    rows = {row["variant"]: row for row in warm.cold.results["executions"]}
    assert 0 == rows["fp16"]["int8_macs"] < rows["int8"]["int8_macs"]
    assert rows["fp16"]["macs"] == rows["int8"]["macs"]
    for row in rows.values():
        assert 1 == pytest.approx(row["int8_share"] + sum(layer["share"] for layer in row["fallbacks"]))
        assert all(layer["reason"] for layer in row["fallbacks"])
    (verdict,) = warm.cold.gate("int8_work", "INT8")
    assert verdict["value"] == rows["int8"]["int8_share"]


def test_both_are_shown(warm: Warm) -> None:
    """With --details: two tables of the error shape, and tables of the executed work."""
    output = " ".join(warm.cold.output.split())
    for title in ("error shape", "WER % and rise, by duration (words)", "executed work on 5 s of audio"):
        assert title in output
    assert "no FakeQuantize before its values" in output

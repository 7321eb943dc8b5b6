"""The study `peers` as a user runs it: a peer with wrong logits has no speed and fails the run."""

from __future__ import annotations

import json
import shutil
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.support.suite_run import run
from tests.support.tiny import Tiny
from wergate.studies.peers.catalog import PEERS, Peer, why_absent
from wergate.studies.peers.race import PeerRecord, Race, RaceRule
from wergate.studies.peers.table import PeerRow, PeerTable, peer_rows, times_bounds

BACKWARDS = """
from wergate.studies.peers.client import PeerClient

right = PeerClient.run


def run(self, utterances, task):
    seconds, answers = right(self, utterances, task)
    if self._name != "openvino-f32":
        return seconds, answers
    return seconds, [[logits[::-1] for logits in call] for call in answers]


PeerClient.run = run
"""


def test_a_wrong_peer_is_marked_and_fails(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that reverses its logits in time is marked as wrong; the other peer keeps its figures."""
    pytest.importorskip("matplotlib", reason="the environment has no matplotlib: recreate it from the lock file")
    (tmp_path / "backwards.py").write_text(BACKWARDS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    suite = tiny.suite(
        tmp_path / "tiny.toml",
        benchmarks__durations_s="[0.5]",
        benchmarks__peers__names='["onnxruntime-f32", "openvino-f32"]',
        benchmarks__peers__models=json.dumps([str(tiny.model)]),
        benchmarks__peers__utterances="2",
        benchmarks__peers__rounds="1",
    )
    options = ("--study", "peers", "--suite", str(suite), "--cache-dir", str(tmp_path / "cache"), "-p", "backwards")
    done = run(["benchmarks/test_peers.py"], *options, results=tmp_path / "results.json")
    assert done.code == 10, done.output
    assert "1 failed, 1 passed" in done.output
    assert "WRONG: SQNR of an utterance is" in done.output
    (table,) = (json.loads(path.read_text()) for path in tmp_path.glob("peers-*.json"))
    right, wrong = table["rows"]
    assert ("ok", "wrong") == (right["status"], wrong["status"])
    assert right["rtfx"] > 0
    assert {"0.5"} == right["latency_ms"].keys()
    assert right["wer"] is not None
    assert (None, {}) == (wrong["rtfx"], wrong["latency_ms"])


def test_an_interrupt_ends_the_peers_that_already_run() -> None:
    """An interrupt in the constructor ends the started peers: without a race, nobody else can close them."""
    ended: list[str] = []

    class Running(AbstractContextManager[None]):
        def __exit__(self, *_: object) -> None:
            ended.append("first")

    def start(peer: Peer) -> Any:
        if peer == PEERS[0]:
            return Running()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Race([PeerRecord(peer) for peer in PEERS[:2]], start, RaceRule())
    assert ["first"] == ended


def test_an_absent_peer_has_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason names a missing compiler, an ONNX model that PyTorch cannot load, or padding that is not exact."""
    peers = {peer.key: peer for peer in PEERS}
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert why_absent(peers["pytorch-compile"], checkpoint=True, padding_exact=True) == "no C++ compiler: install g++"
    assert why_absent(peers["pytorch-eager"], checkpoint=False, padding_exact=True) == "the model is an ONNX file"
    why = why_absent(peers["openvino-int8-bucketed"], checkpoint=True, padding_exact=False)
    assert why == "padding would change this model's logits"
    assert why_absent(peers["openvino-int8"], checkpoint=False, padding_exact=True) is None


def test_the_interval_is_over_ratios_within_blocks() -> None:
    """A block that takes longer on both sides does not widen the interval."""
    slow, fast = [1.0, 9.0, 2.0, 30.0], [0.5, 4.4, 1.02, 15.3]
    low, high = times_bounds(slow=slow, fast=fast)
    assert low is not None
    assert high is not None
    assert 1.8 < low < 2.0 < high < 2.2


@pytest.mark.parametrize(
    ("blocks", "shown"),
    [(1, "2.00"), (2, "2.00 (2.00 to 2.00)"), (3, "2.00 (2.00 to 2.00)")],
)
def test_a_single_block_has_no_interval(blocks: int, shown: str) -> None:
    """A single ratio shows no interval; two or more do."""
    base, other = PeerRecord(PEERS[0], block_s=[2.0] * blocks), PeerRecord(PEERS[1], block_s=[1.0] * blocks)
    rows = peer_rows([base, other], lambda _: "", audio_s=10.0)
    assert (blocks == 1) == (rows[1].times_low is None)
    assert f"| {shown} |" in raced(rows).markdown


def raced(rows: list[PeerRow]) -> PeerTable:
    """Return the table of a race."""
    where = {"model": "m", "cpu": "c", "isa": "i", "cores": 2, "versions": {}}
    return PeerTable(**where, utterances=1, audio_s=10.0, words=0, noise=[], rows=rows)

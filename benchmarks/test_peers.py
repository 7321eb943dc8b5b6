"""Other engines compared with OpenVINO on the same work in the same run: `tox run -e peers`.

Each peer runs in a separate process, and all are timed interleaved. This takes minutes, so a plain run leaves it out.
"""

from __future__ import annotations

import pytest

from fixtures.gates.check import Check
from fixtures.studies.peers import Races
from wergate.verdict import Verdict


@pytest.mark.study("peers")
def test_peer(races: Races, raced_model: str, peer_key: str, check: Check) -> None:
    """The peer ran, and all its timed logits were close enough to the reference's: a wrong answer has no speed."""
    run, finished = races(raced_model)
    (record,) = (each for each in finished.records if each.peer.key == peer_key)
    if record.absent:
        pytest.skip(record.absent)
    if record.failed:
        pytest.fail(record.failed, pytrace=False)
    assert record.worst is not None
    check(
        Verdict(
            gate="peer_sqnr_db",
            subject=record.peer.name,
            value=record.worst.sqnr_db,
            relation=">=",
            threshold=run.sqnr_db_min(record.peer),
            scope=f"{raced_model}, the worst of {finished.table.utterances} utterances and of all single durations",
            remedy="a wrong answer has no speed: see this peer's settings in docs/studies/peers.md, and its logits",
        )
    )

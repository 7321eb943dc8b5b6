"""Other engines beside OpenVINO, the same work in the same run: `tox run -e peers`.

Every peer is a process of its own and all take turns, which takes minutes; a plain run leaves them out.
"""

from __future__ import annotations

import pytest

from fixtures.gates.check import Check
from fixtures.studies.peers import Races
from wergate.verdict import Verdict


@pytest.mark.study("peers")
def test_peer(races: Races, raced_model: str, peer_key: str, check: Check) -> None:
    """It ran, and every timed answer was near enough to the reference model's: a wrong answer has no speed."""
    run, finished = races(raced_model)
    (record,) = (found for found in finished.records if found.peer.key == peer_key)
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
            scope=f"{raced_model}, the farthest of {finished.table.utterances} utterances and of each duration",
            remedy="a wrong answer has no speed: see this peer's settings in docs/peers.md, and its logits",
        )
    )

"""A few seeds of the campaign; `tox run -e ray-campaign` runs all."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install 'wergate[ray]'")

from tests.scale.campaign import campaign, is_clean, schedule

SEEDS = [0, 1]


def test_a_few_schedules_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each utterance is there once and the bytes are those of one process, whatever was killed."""
    monkeypatch.setattr("wergate.scale.plan.SHARD_S", 0.3)
    assert {"worker", "node", "driver"} == {event.kind for seed in SEEDS for event in schedule(seed, 16)}
    rows: list[dict[str, Any]] = []
    campaign(SEEDS, rows.append)
    assert SEEDS == [row["seed"] for row in rows]
    assert [] == [row for row in rows if not is_clean(row)]

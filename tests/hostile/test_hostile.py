"""Each hostile input gets one line and a non-zero exit code, within 1 GB and 10 s, and nothing is written elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile import child
from tests.hostile.inputs import INPUTS, Hostile
from tests.support.forked import fork


@pytest.mark.parametrize("hostile", INPUTS, ids=lambda hostile: hostile.id)
def test_a_hostile_input(hostile: Hostile, tmp_path: Path) -> None:
    """Whatever it does, it does in a child."""
    folder = tmp_path / "given"
    folder.mkdir()
    code = fork(child.read, hostile.give, folder, output=tmp_path / "output.txt")
    said = (tmp_path / "output.txt").read_text(encoding="utf-8")
    assert (child.REFUSED if hostile.answer else 0) == code, said
    if hostile.answer:
        assert hostile.answer in said
        assert 1 == len(said.splitlines()), said
    assert {"given", "output.txt"} == {path.name for path in tmp_path.iterdir()}

"""Baselines of graph counts: sorted, stable files that give small diffs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.recorded_syncs import recorded_syncs
from wergate.errors import SuiteError
from wergate.gates.ir import read_baseline, write_baseline

KEYS = st.text("abc/:", min_size=1, max_size=5)
COUNTS = st.dictionaries(KEYS, st.integers(0, 10**6), max_size=3)


def test_a_missing_file_or_key_gives_none(tmp_path: Path) -> None:
    """A missing file and a missing key both mean that nothing is stored yet."""
    path = tmp_path / "graph.json"
    assert read_baseline(path, "m/int8") is None
    write_baseline(path, "m/int8", {"fake_quantize": 3})
    assert read_baseline(path, "m/fp16") is None


@given(stored=st.dictionaries(KEYS, COUNTS, max_size=4), order=st.randoms(use_true_random=False))
def test_file_does_not_depend_on_the_order(
    tmp_path_factory: pytest.TempPathFactory, stored: dict[str, dict[str, int]], order: object
) -> None:
    """The same counts give the same bytes in any order of storing, and are read back unchanged."""
    folder = tmp_path_factory.mktemp("baseline")
    shuffled = list(stored.items())
    order.shuffle(shuffled)
    for name, items in (("one.json", stored.items()), ("two.json", shuffled)):
        for key, counts in items:
            write_baseline(folder / name, key, counts)
    if stored:
        assert (folder / "one.json").read_bytes() == (folder / "two.json").read_bytes()
    assert all(counts == read_baseline(folder / "one.json", key) for key, counts in stored.items())


def test_an_update_changes_only_its_own_key(tmp_path: Path) -> None:
    """An update changes only the lines of its own key, and the file ends with a line break."""
    path = tmp_path / "deep" / "graph.json"
    for key in ("b/int8", "a/int8"):
        write_baseline(path, key, {"int8_weights": 1, "fake_quantize": 2})
    before = path.read_text().splitlines()
    write_baseline(path, "b/int8", {"int8_weights": 5, "fake_quantize": 2})
    after = path.read_text().splitlines()
    assert ['  "int8_weights": 5'] == [line for line in after if line not in before]
    assert len(before) == len(after)
    assert path.read_text().endswith("}\n")


def test_counts_are_synced(tmp_path: Path) -> None:
    """The file is synced under a temporary name, and its folder after the rename."""
    with recorded_syncs() as record:
        write_baseline(tmp_path / "graph.json", "m/int8", {"fake_quantize": 3})
    assert ["sync", "rename", "sync"] == [kind for kind, _ in record.of(tmp_path)]


WRITER = """
    import sys
    from pathlib import Path
    from wergate.gates.ir import write_baseline
    from wergate.gates.range_baseline import StoredRanges, write_ranges

    folder, name = Path(sys.argv[1]), sys.argv[2]
    ranges = StoredRanges(model="m", calibration="c", settings="s", versions={}, ranges={})
    for number in range(40):
        write_baseline(folder / "graph.json", f"{name}{number}", {"fake_quantize": number})
        write_ranges(folder / "ranges.json", f"{name}{number}", ranges)
"""


def test_workers_lose_no_entry_of_one_another(tmp_path: Path) -> None:
    """With `pytest -n 3 --update-baselines`, each worker stores its own models."""
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    started = [subprocess.Popen([*command, name], env=environment) for name in "abc"]
    assert [0, 0, 0] == [process.wait(120) for process in started]
    expected = {f"{name}{number}" for name in "abc" for number in range(40)}
    assert expected == set(json.loads((tmp_path / "graph.json").read_text()))
    assert expected == set(json.loads((tmp_path / "ranges.json").read_text())["entries"])


@pytest.mark.parametrize("text", ["{", "[]", '{"m": 3}', '{"m": {"x": "many"}}'])
def test_a_broken_file_is_reported(text: str, tmp_path: Path) -> None:
    """A file that `--update-baselines` did not write gives an error that names the next step."""
    path = tmp_path / "graph.json"
    path.write_text(text)
    with pytest.raises(SuiteError, match=r"graph\.json' cannot be read .*--update-baselines"):
        read_baseline(path, "m")

"""Environment variables that change measurements are part of a run's output and results."""

from __future__ import annotations

from pathlib import Path

from tests.support.forked import environment
from tests.support.suite_run import ROOT, run


def test_variables_are_printed_and_part_of_the_results(tmp_path: Path) -> None:
    """In one line at the top; variables that change nothing stay out."""
    (tmp_path / "test_more.py").write_text("def test_more():\n    pass\n")
    elsewhere = ("-c", str(ROOT / "pytest.ini"), "--rootdir", str(ROOT), "--suite", str(ROOT / "suite.toml"))
    given = {"OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
    done = run(
        ["accuracy/test_graph.py", str(tmp_path / "test_more.py")],
        *(*elsewhere, "-k", "test_more"),
        results=tmp_path / "results.json",
        variables=environment() | given | {"HF_TOKEN": "hf_secretSECRETsecret"},
    )
    assert 0 == done.code, done.output
    assert done.results is not None
    found = done.results["environment"]
    assert given == {name: found[name] for name in given}
    (line,) = [line for line in done.output.splitlines() if line.startswith("environment: ")]
    assert "MALLOC_ARENA_MAX=2" in line
    assert "OMP_NUM_THREADS=1" in line
    assert "HF_TOKEN" not in done.output

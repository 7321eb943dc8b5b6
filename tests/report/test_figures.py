"""The page of figures: what a run measured, on its machine, nothing typed by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.suite_run import ROOT, Warm
from wergate.errors import SuiteError
from wergate.evaluation.rows import IntervalRow
from wergate.report.figures import (
    BEGIN,
    END,
    Machine,
    machine_of,
    main,
    page,
    put_between_marks,
    read_machines,
    read_results,
    store,
)
from wergate.report.results import CpuRow, Results, write_results
from wergate.timing.rows import BenchmarkRow, RatioRow

COMMIT = "0123456789"
EMPTY = f"# Results\n\nabove\n\n{BEGIN}{END}\nbelow\n"


@pytest.fixture(scope="module")
def run(warm: Warm) -> Results:
    """Results of a real run, as if from a given machine and day."""
    found = Results.model_validate(warm.cold.results)
    cpu = CpuRow(model="Some CPU", isa="avx2", flags=(), cores=2)
    return found.model_copy(update={"cpu": cpu, "created": "2026-01-02T03:04:05+00:00"})


def ratio(noise: list[str]) -> RatioRow:
    """Return the ratio of INT8 over FP16."""
    bounds = IntervalRow(low=1.9, high=2.1, confidence=0.99)
    sides = {"fast": "int8", "slow": "fp16", "ratio": 2.0, "interval": bounds, "rounds": 9}
    return RatioRow(model="m", duration_s=1, fast_ms=5, slow_ms=10, noise=noise, **sides)


def timing(name: str, group: str = "latency", noise: tuple[str, ...] = ()) -> BenchmarkRow:
    """Return a measurement."""
    times = {"median_ms": 1500.0, "min_ms": 1.0, "max_ms": 2.0, "iqr_ms": 0.1}
    return BenchmarkRow(test="t", group=group, model="m", name=name, rounds=9, noise=list(noise), **times)


def titles(machine: Machine) -> list[str]:
    """Return what the parts are called."""
    return [part.title for part in machine.parts]


def test_word_errors_are_those_of_the_run(run: Results) -> None:
    """The reference first, then each variant; with the day, the commit and the versions."""
    text = page([machine_of(run, COMMIT)])
    assert text.startswith(
        "## Some CPU, 2 cores, avx2\n\n### Word errors and logits\n\n2026-01-02, commit `0123456789`"
    )
    assert f"openvino {run.versions['openvino']}" in text
    row = next(row for row in run.evaluations if row.variant == "int8")
    words = row.candidate
    counts = f"{words.substitutions}/{words.deletions}/{words.insertions}"
    assert f"| int8 | {100 * (words.wer or 0):.2f} | {counts} |" in text
    assert f"{row.utterances} utterances, {row.reference.words:,} words" in text


def test_noisy_timings_are_left_out(run: Results) -> None:
    """They are not worth quoting; where nothing else was timed, their table is left out."""
    timed = [timing("int8 1 s"), timing("int8 5 s", noise=("others 50 %",)), timing("whole", "build", ("drift",))]
    found = run.model_copy(update={"benchmarks": timed, "ratios": [ratio(["others 50 %"])]})
    assert ["Word errors and logits", "Latency and throughput", "Work on five seconds of speech"] == titles(
        machine_of(found, COMMIT)
    )
    text = page([machine_of(found, COMMIT)])
    assert "| int8 1 s | 1500.00 |" in text
    assert "int8 5 s" not in text
    quiet = machine_of(found.model_copy(update={"ratios": [ratio([])]}), COMMIT)
    assert "| int8 over fp16 | 1 s | 5.00 | 10.00 | 2.00 (1.90 to 2.10) |" in page([quiet])


def test_a_run_replaces_what_it_measured_anew(run: Results, tmp_path: Path) -> None:
    """Other parts of its machine stay, in the order of the page; another machine has a file of its own."""
    store(machine_of(run.model_copy(update={"ratios": [ratio([])]}), "first"), tmp_path)
    store(machine_of(run, "second"), tmp_path)
    (found,) = read_machines(tmp_path)
    assert ["second", "first", "second"] == [part.commit for part in found.parts]
    other = CpuRow(model="Another CPU", isa="avx512_core_vnni", flags=(), cores=4)
    store(machine_of(run.model_copy(update={"cpu": other}), "third"), tmp_path)
    assert ["Another CPU", "Some CPU"] == [machine.cpu for machine in read_machines(tmp_path)]


def test_the_command_writes_between_the_marks(run: Results, tmp_path: Path) -> None:
    """All other text of the page stays; a second run changes no byte."""
    results, target = tmp_path / "run.json", tmp_path / "results.md"
    write_results(run, results)
    target.write_text(EMPTY, encoding="utf-8")
    arguments = ["--docs", str(tmp_path), "--commit", COMMIT, "--results", str(results)]
    main(arguments)
    text = target.read_text(encoding="utf-8")
    assert text.startswith(f"# Results\n\nabove\n\n{BEGIN}\n## Some CPU")
    assert text.endswith(f"{END}\nbelow\n")
    main(arguments)
    main(["--docs", str(tmp_path)])
    assert text == target.read_text(encoding="utf-8")


def test_nothing_names_a_path_of_the_machine(run: Results, tmp_path: Path) -> None:
    """Models and corpora are called by their last names."""
    store(machine_of(run, COMMIT), tmp_path)
    (file,) = tmp_path.iterdir()
    text = file.read_text(encoding="utf-8")
    model = run.evaluations[0].model
    assert Path(model).is_absolute()
    assert f"`{Path(model).name}` on" in text
    assert str(Path(model).parent) not in text


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    """A page without marks, a file that is missing or something else."""
    with pytest.raises(SuiteError, match="needs the lines"):
        put_between_marks("# Results\n", "x")
    with pytest.raises(SuiteError, match="cannot be read"):
        read_results(tmp_path / "missing.json")
    (tmp_path / "other.json").write_text("{}", encoding="utf-8")
    with pytest.raises(SuiteError, match="not a results file of this version"):
        read_results(tmp_path / "other.json")


def test_the_committed_page_is_that_of_the_stored_machines() -> None:
    """The page has the figures of the stored runs."""
    text = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    machines = read_machines(ROOT / "docs" / "results")
    assert machines
    assert text == put_between_marks(text, page(machines)), "python -m wergate.report.figures"

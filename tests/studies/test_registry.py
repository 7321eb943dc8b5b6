"""`--study` is the only way to run a study: studies are named, listed, and left out of every other run."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from tests.support.suite_run import ROOT, Run, Warm, run
from wergate.evaluation.rows import ResultRow
from wergate.report.results import Results, Rows
from wergate.report.rows.verdicts import RegressionRow
from wergate.studies.registry import STUDIES

BOTH = ["accuracy", "benchmarks"]
SETUP = 13


def collected(*options: str) -> set[str]:
    """Return the files of the tests that a run would execute."""
    done = run(BOTH, "--collect-only", "-q", *options)
    assert done.code in {0, 5}, done.output
    return {line.partition("::")[0] for line in done.output.splitlines() if "::" in line}


def only_line(done: Run) -> str:
    """Return the single output line of a run that an error ended before the collection."""
    assert done.code == SETUP, done.output
    (line,) = [line for line in done.output.splitlines() if line.strip()]
    return line


def test_every_mark_names_a_study_and_every_study_has_its_tests() -> None:
    """A misspelt mark would never run; every study has the right file in its declaration."""
    found: dict[str, set[str]] = {}
    for folder in BOTH:
        for path in (ROOT / folder).glob("test_*.py"):
            for name in re.findall(r'mark\.study\("([\w-]+)"\)', path.read_text(encoding="utf-8")):
                found.setdefault(name, set()).add(f"{folder}/{path.name}")
    assert {study.name: {study.where} for study in STUDIES} == found


def test_every_study_is_a_folder_of_its_name() -> None:
    """Study and folder have the same name, and no two studies share one."""
    folders = {study.name: ROOT / "src" / "wergate" / "studies" / study.name.replace("-", "_") for study in STUDIES}
    assert len(folders) == len(STUDIES)
    assert [] == [name for name, folder in folders.items() if not (folder / "declaration.py").is_file()]


def test_a_study_runs_alone() -> None:
    """A run with `--study` has no other tests; several studies are separated by commas or by repeated options."""
    wanted = {"accuracy/test_sensitivity.py", "benchmarks/test_growth.py"}
    assert wanted == collected("--study", "sensitivity,growth")
    assert wanted == collected("--study", "sensitivity", "--study", "growth")


def test_the_plain_tests_of_its_file_are_left_out() -> None:
    """Gates in the same file as the tests of a study do not run with `--study`."""
    listed = run(BOTH, "--collect-only", "-q", "--study", "throughput,pot", "--quantizer", "pot").output
    named = {line.partition("::")[2].partition("[")[0] for line in listed.splitlines() if "::" in line}
    assert {"test_buckets_compared_with_streams", "test_leaving_pot_costs_nothing"} == named


@pytest.mark.parametrize("options", [(), ("-m", "not slow"), ("-m", "slow or not slow")], ids=" ".join)
def test_no_study_runs_unasked(options: tuple[str, ...]) -> None:
    """A plain run has no test of a study, whatever its -m; gates in the same file as a study still run."""
    listed = run(BOTH, "--collect-only", "-q", *options).output
    named = {line.partition("[")[0] for line in listed.splitlines() if "::" in line}
    alone = {study.where for study in STUDIES} - {
        "accuracy/test_pot.py",
        "accuracy/test_quantizers.py",
        "benchmarks/test_throughput.py",
    }
    assert set() == alone & {name.partition("::")[0] for name in named}
    assert "accuracy/test_pot.py::test_leaving_pot_costs_nothing" not in named
    assert {
        "accuracy/test_pot.py::test_both_runtimes_transcribe_alike",
        "benchmarks/test_throughput.py::test_throughput",
        "accuracy/test_wer.py::test_wer_stays_within_tolerance",
    } <= named


def test_the_list_names_them_all_and_runs_nothing() -> None:
    """The list has name, question, minutes and folder, even if the rest of the command line is wrong."""
    done = run(BOTH, "--collect-only", "--study", "list", "--suite", "absent.toml")
    assert 0 == done.code, done.output
    for study in STUDIES:
        (line,) = [line for line in done.output.splitlines() if line.strip().startswith(f"{study.name} ")]
        assert {study.question, str(study.minutes), study.where.partition("/")[0] + "/"} <= set(
            re.split(r"\s{2,}", line.strip())
        )
    assert "collected" not in done.output


@dataclass(frozen=True)
class Former:
    """A former spelling of a request, and the text that its error must contain."""

    options: tuple[str, ...]
    instead: str


FORMER = (
    *(Former(("-m", name), f"--study {name}") for name in ("calibration", "sensitivity", "quantizers", "pot", "peers")),
    Former(("-m", "scale"), "--study growth,throughput,benchmark-app,latency-verdicts,corpus-memory,pot"),
    Former(("-m", "not pot"), "--study pot"),
    Former(("-m", "slow or (scale and not peers)"), "corpus-memory,pot,peers"),
    Former(("-m", "study"), "--study calibration,"),
    Former(("-m", "latency-verdicts"), "--study latency-verdicts"),
    Former(("--study", "growth", "-m", "growth"), "--study growth"),
    Former(("--isa", "native,avx2"), "add --study portability"),
    Former(("--study", "sensitivity", "--isa", "avx2"), "add --study portability"),
)


@pytest.mark.parametrize("former", FORMER, ids=lambda former: " ".join(former.options))
def test_a_former_spelling_names_the_new_one(former: Former) -> None:
    """The error is one line, and nothing is collected."""
    assert former.instead in only_line(run(BOTH, "--collect-only", *former.options))


def test_an_unknown_study_is_reported_with_the_nearest_name() -> None:
    """The error also has the names of all studies."""
    line = only_line(run(BOTH, "--collect-only", "--study", "growth,sensitvity"))
    assert "unknown study 'sensitvity' (did you mean 'sensitivity'?)" in line
    assert all(study.name in line for study in STUDIES)


def test_a_run_without_the_requested_tests_names_their_file(warm: Warm) -> None:
    """This covers a run of the other folder, and a run of a study's file without the option."""
    elsewhere = run(["accuracy"], "--study", "growth", "--suite", str(warm.suite))
    assert "study growth: none of its tests was collected; they are in benchmarks/test_growth.py" in elsewhere.output
    without_option = run(["accuracy/test_sensitivity.py"], "--suite", str(warm.suite))
    assert "tests of a study run only on request: add --study sensitivity" in without_option.output
    assert (5, 5) == (elsewhere.code, without_option.code)


def test_the_kinds_of_every_study_are_those_of_the_results() -> None:
    """`Results` has a field with the name and row class of each kind of rows that a study records."""
    kinds = {kind: list[row] for study in STUDIES for kind, row in study.kinds.items()}
    assert kinds == {kind: Results.model_fields[kind].annotation for kind in kinds}
    assert len(kinds) == sum(len(study.kinds) for study in STUDIES)
    assert all(issubclass(row, ResultRow) for study in STUDIES for row in study.kinds.values())


def test_rows_of_every_kind_are_kept_once() -> None:
    """Every list field of `Results` is a kind of rows; a row that two workers report is kept once."""
    rows = Rows()
    row = RegressionRow(model="m", corpus="c", variant="int8", outcome="same", line="as before")
    rows.add("regressions", row)
    rows.add("regressions", row.model_copy())
    assert [row] == rows.regressions == rows.by_kind["regressions"] == rows.written["regressions"]
    lists = {name for name, found in Results.model_fields.items() if str(found.annotation).startswith("list[")}
    assert lists == rows.written.keys()
    assert {"evaluations", "benchmarks", "portability"} <= lists
    with pytest.raises(AttributeError, match=r"^regression$"):
        _ = rows.regression

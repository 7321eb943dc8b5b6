"""`--study` is the one way to ask for a study: named, listed, and kept out of every other run."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from tests.support.suite_run import ROOT, Run, Warm, run
from wergate.evaluation.rows import ResultRow
from wergate.report.results import Results, Rows
from wergate.report.verdict_rows import RegressionRow
from wergate.studies.registry import STUDIES

BOTH = ["accuracy", "benchmarks"]
SETUP = 13


def collected(*options: str) -> set[str]:
    """Return the files of the tests that a run would go through."""
    done = run(BOTH, "--collect-only", "-q", *options)
    assert done.code in {0, 5}, done.output
    return {line.partition("::")[0] for line in done.output.splitlines() if "::" in line}


def told(done: Run) -> str:
    """Return the only line of a run that a mistake ended before it collected anything."""
    assert done.code == SETUP, done.output
    (line,) = [line for line in done.output.splitlines() if line.strip()]
    return line


def test_every_mark_names_a_study_and_every_study_has_its_tests() -> None:
    """A mark that is misspelt would never run; a study says where its tests are."""
    found: dict[str, set[str]] = {}
    for folder in BOTH:
        for path in (ROOT / folder).glob("test_*.py"):
            for name in re.findall(r'mark\.study\("([\w-]+)"\)', path.read_text(encoding="utf-8")):
                found.setdefault(name, set()).add(f"{folder}/{path.name}")
    assert {study.name: {study.where} for study in STUDIES} == found


def test_every_study_is_a_folder_of_its_name() -> None:
    """One word for both; no two studies share it."""
    folders = {study.name: ROOT / "src" / "wergate" / "studies" / study.name.replace("-", "_") for study in STUDIES}
    assert len(folders) == len(STUDIES)
    assert [] == [name for name, folder in folders.items() if not (folder / "declaration.py").is_file()]


def test_a_study_runs_alone() -> None:
    """Its minutes are not spent on gates; several are named with a comma or one by one."""
    wanted = {"accuracy/test_sensitivity.py", "benchmarks/test_growth.py"}
    assert wanted == collected("--study", "sensitivity,growth")
    assert wanted == collected("--study", "sensitivity", "--study", "growth")


def test_the_plain_tests_of_its_file_are_left_out() -> None:
    """A file may hold gates beside the tests of a study."""
    listed = run(BOTH, "--collect-only", "-q", "--study", "throughput,pot", "--quantizer", "pot").output
    named = {line.partition("::")[2].partition("[")[0] for line in listed.splitlines() if "::" in line}
    assert {"test_buckets_beside_the_loop", "test_leaving_pot_costs_nothing"} == named


@pytest.mark.parametrize("options", [(), ("-m", "not slow"), ("-m", "slow or not slow")], ids=" ".join)
def test_no_study_runs_unasked(options: tuple[str, ...]) -> None:
    """A plain run has none of their tests, whatever its -m; the gates that share a file with one stay."""
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
    """Name, question, minutes and place, also where the rest of the command line is wrong."""
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
    """A way of asking that is none any more, and what its line names instead."""

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
    """In one line; nothing is collected."""
    assert former.instead in told(run(BOTH, "--collect-only", *former.options))


def test_an_unknown_study_is_told_with_the_nearest() -> None:
    """And with all that there are."""
    line = told(run(BOTH, "--collect-only", "--study", "growth,sensitvity"))
    assert "study 'sensitvity' is not known (did you mean 'sensitivity'?)" in line
    assert all(study.name in line for study in STUDIES)


def test_a_run_that_has_none_of_its_tests_says_where_they_are(warm: Warm) -> None:
    """The other folder was named, or a study's file without the option."""
    elsewhere = run(["accuracy"], "--study", "growth", "--suite", str(warm.suite))
    assert "study growth: none of its tests was collected; they are in benchmarks/test_growth.py" in elsewhere.output
    unasked = run(["accuracy/test_sensitivity.py"], "--suite", str(warm.suite))
    assert "tests of a study run on request: add --study sensitivity" in unasked.output
    assert (5, 5) == (elsewhere.code, unasked.code)


def test_the_kinds_of_every_study_are_those_of_the_results() -> None:
    """What a study hands over is written, under the name and of the class that `Results` has a field for."""
    kinds = {kind: list[row] for study in STUDIES for kind, row in study.kinds.items()}
    assert kinds == {kind: Results.model_fields[kind].annotation for kind in kinds}
    assert len(kinds) == sum(len(study.kinds) for study in STUDIES)
    assert all(issubclass(row, ResultRow) for study in STUDIES for row in study.kinds.values())


def test_rows_of_every_kind_are_kept_once() -> None:
    """Every field of `Results` that is a list is a kind; two workers may report the same row."""
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

"""The Markdown summary: verdict first, intact tables, no secrets, text of other steps kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from tests.support.suite_run import Run, Warm, run
from tests.support.tiny import Tiny
from wergate.evaluation.rows import IntervalRow
from wergate.formatting import table, verbatim
from wergate.report.redact import redacted
from wergate.report.results import Results
from wergate.report.rows.verdicts import VerdictRow
from wergate.report.summary import Ending, append_bounded, bounded, summary
from wergate.timing.rows import BenchmarkRow, RatioRow

WER = "accuracy/test_wer.py"


@pytest.fixture(scope="module")
def results(warm: Warm) -> Results:
    """Results of a real run."""
    return Results.model_validate(warm.cold.results)


def verdict(status: str = "FAIL", gate: str = "wer", **changes: Any) -> VerdictRow:
    """Return a row of one gate."""
    line = f"INT8 {gate}=0.25, but should be <= 0.125 [made up]; fix it"
    given = {"test": "t", "model": "m", "corpus": "c", "subject": "INT8", "kind": "accuracy", "interval": None}
    figures = {"value": 0.25, "relation": "<=", "threshold": 0.125}
    return VerdictRow(**{**given, **figures, "gate": gate, "status": status, "line": line, **changes})


def tables(text: str) -> list[list[list[str]]]:
    """Return the cells of all tables, parsed as GitHub Markdown."""
    found: list[list[list[str]]] = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and found and token.level > 3:
            found[-1][-1].append(token.content)
    return found


def test_the_verdict_and_what_failed_come_first(results: Results) -> None:
    """Failed gates come before undecided ones, then figures; passed gates are collapsed at the end."""
    rows = [verdict("PASS", "sqnr_db"), verdict("INCONCLUSIVE", "cer_rise"), verdict("FAIL", "wer")]
    text = summary(results.model_copy(update={"verdicts": rows}), Ending(10))
    assert text.startswith("## wergate: FAIL\n\naccuracy failed (exit code 10)\n")
    marks = (
        "2 of 3 gates did not pass",
        "| FAIL | `wer`",
        "| INCONCLUSIVE | `cer_rise`",
        rows[2].line,
        "### Word error",
    )
    places = [text.index(mark) for mark in (*marks, "<details>", "| PASS | `sqnr_db`")]
    assert sorted(places) == places


def test_word_errors_are_those_of_the_results(results: Results) -> None:
    """The reference model, then each variant, with all figures."""
    (found, _) = tables(summary(results, Ending(0)))
    row = next(row for row in results.evaluations if row.variant == "int8")
    header, reference, fp16, int8 = found
    assert ["pytorch", "fp16", "int8"] == [line[2] for line in (reference, fp16, int8)]
    assert [f"{100 * row.reference.wer:.2f}", f"{100 * row.candidate.wer:.2f}"] == [reference[3], int8[3]]
    assert f"{100 * (row.candidate.wer - row.reference.wer):+.2f}" == int8[header.index("drop")]


def test_latencies_and_ratios_have_their_tables(results: Results) -> None:
    """Speed-ups first, then times; a comparison across set-ups is called advisory."""
    timed = BenchmarkRow(
        test="t", group="latency", model="m", name="int8 1 s", rounds=80, median_ms=2.0, min_ms=1.0, max_ms=3.0,
        iqr_ms=0.1, baseline_ms=1.6, p90_ms=2.5, advisory=["another CPU"],
    )  # fmt: skip
    built = timed.model_copy(update={"group": "build", "name": "FP16 and INT8 IR"})
    interval = IntervalRow(low=2.5, high=2.75, confidence=0.95)
    figures = {"ratio": 2.613, "interval": interval, "rounds": 32, "fast_ms": 1.0, "slow_ms": 2.613}
    ratio = RatioRow(model="m", duration_s=1.0, fast="int8", slow="fp16", noise=["drift 9 %"], **figures)
    text = summary(results.model_copy(update={"benchmarks": [timed, built], "ratios": [ratio]}), Ending(0))
    (speedups, times) = tables(text)[1:3]
    assert ["m", "int8 over fp16, 1 s", "2.61x", "2.5 to 2.75", "1.00 / 2.61", "32", "drift 9 %"] == speedups[1]
    assert ["m", "int8 1 s", "2.00", "2.50", "80", "", "+25 % (advisory)", ""] == times[1]
    assert 2 == len(times)


def test_names_break_no_table_and_no_page() -> None:
    """Pipes, line breaks and tags in names are escaped."""
    (found,) = tables(table(("a", "b"), [("x | y", "<img src=x>\nz"), ("wer[<2 s]", "<= 3")]))
    assert [["a", "b"], ["x | y", "&lt;img src=x> z"], ["wer[<2 s]", "<= 3"]] == found
    tokens = MarkdownIt("commonmark").parse(verbatim(["````", "# no heading"]))
    assert [("fence", "````\n# no heading\n")] == [(token.type, token.content) for token in tokens]


def test_many_rows_are_cut(results: Results) -> None:
    """GitHub shows at most 1 MiB; omitted rows are counted."""
    rows = [verdict("FAIL", f"gate_{number}", line="x" * 900) for number in range(5000)]
    text = summary(results.model_copy(update={"verdicts": rows}), Ending(10))
    assert "and 4800 more in the results file" in text
    assert len(text.encode()) < 2**20


def test_an_interval_may_be_open(results: Results) -> None:
    """An infinite bound is shown as such."""
    row = verdict(interval=IntervalRow(low=0.125, high=None, confidence=0.95))
    assert "0.125 to inf" in tables(summary(results.model_copy(update={"verdicts": [row]}), Ending(10)))[0][1]


SECRETS = (
    ("https://me:pa55word@host/corpus", "https://***@host/corpus"),
    ("GET /x?token=abc123&split=clean", "GET /x?token=***&split=clean"),
    ("HF_TOKEN=hf_abcdefghijklmnop", "HF_TOKEN=***"),
    ("Bearer hf_abcdefghijklmnop", "Bearer ***"),
    ("api_key: 'deadbeef'", "api_key: '***'"),
    ("ghp_abcdefghijklmnop in a path", "*** in a path"),
)


@pytest.mark.parametrize(("secret", "shown"), SECRETS)
def test_secrets_are_stars(secret: str, shown: str) -> None:
    """Credentials of URLs, well-known tokens and named values are hidden; other text stays."""
    assert shown == redacted(secret)
    assert "utterance 3, tokens 14" == redacted("utterance 3, tokens 14")


def test_a_summary_names_no_place_of_this_machine(results: Results, warm: Warm, tiny: Tiny) -> None:
    """Local models and corpora appear with the last component of their path."""
    text = summary(results, Ending(13, ["token=geheim"], ["accuracy/test_x.py::test_y"]))
    assert [] == [path for path in (warm.cache, tiny.model, tiny.corpus) if str(path.parent) in text]
    assert ("geheim" in text, "token=***" in text, "accuracy/test_x.py::test_y" in text) == (False, True, True)


def summarized(warm: Warm, *options: str) -> Run:
    """Run two gates on the warm cache."""
    return run([WER], "--suite", str(warm.suite), "--cache-dir", str(warm.cache), "--precisions", "int8", *options)


def test_a_run_appends_to_what_is_there(warm: Warm, tmp_path: Path) -> None:
    """Two runs, one with workers, append to a file of another step."""
    path = tmp_path / "summary.md"
    path.write_text("# Another step\n")
    done = [summarized(warm, "--summary", str(path), *more) for more in ((), ("-n", "2"))]
    assert [0, 0] == [each.code for each in done], done[0].output
    text = path.read_text()
    assert text.startswith(
        "# Another step\n\n## wergate: PASS\n\nall gates passed (exit code 0)\n\n### Word error rate"
    )
    assert 2 == text.count("## wergate: PASS")


def test_the_file_of_github_is_used(warm: Warm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --summary; --collect-only and tests without models do not write to it."""
    path = tmp_path / "step.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    assert 0 == summarized(warm, "--collect-only").code
    assert 0 == run(["tests/ground/test_verdict.py"]).code
    assert not path.exists()
    assert 0 == summarized(warm).code
    assert path.read_text().startswith("## wergate: PASS\n")
    assert 0 == summarized(warm, "--summary", str(tmp_path / "mine.md")).code  # the command line wins
    assert 1 == path.read_text().count("## wergate")


def test_a_mistake_is_in_the_summary(warm: Warm, tmp_path: Path) -> None:
    """A mistake found before or during the session is in summary and badge."""
    path, badge = tmp_path / "summary.md", tmp_path / "badge.json"
    asked = ("--summary", str(path), "--badge", str(badge))
    early = run([WER], "--suite", str(tmp_path / "absent.toml"), *asked)
    late = summarized(warm, "--device", "TPU", *asked)
    assert [13, 13] == [early.code, late.code], early.output + late.output
    text = path.read_text()
    assert 2 == text.count("## wergate: FAIL\n\nthe set-up is broken (exit code 13)\n\n```text\n")
    assert ("absent.toml' cannot be read" in text, "device 'TPU' cannot run" in text) == (True, True)
    assert "set-up broken" in json.loads(badge.read_text())["message"]


def test_a_summary_that_cannot_be_written_is_one_line(warm: Warm, tmp_path: Path) -> None:
    """Before the run if possible; after it, results and tables are complete."""
    early = summarized(warm, "--summary", str(tmp_path / "absent" / "summary.md"))
    assert early.output.startswith("ERROR: summary file '")
    results = tmp_path / "results.json"
    late = summarized(warm, "--summary", "/proc/version", "--results", str(results))
    assert 13 == late.code, late.output
    (line,) = [line for line in late.output.splitlines() if line.startswith("ERROR: summary file '/proc/version'")]
    assert line.endswith("correct --summary")
    assert ("Traceback" in late.output, "gates: " in late.output, results.exists()) == (False, True, True)


def test_github_s_file_may_be_gone(warm: Warm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad path in GITHUB_STEP_SUMMARY gets the same message as one in --summary."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "absent" / "step.md"))
    done = summarized(warm)
    assert (13, 1) == (done.code, done.output.count("ERROR: summary file '")), done.output


def test_a_summary_fits_into_what_is_left_of_the_file(tmp_path: Path) -> None:
    """Other steps have written most of what GitHub shows: the verdict is kept, the end is left out."""
    path = tmp_path / "step.md"
    path.write_text("x" * 890_000)
    append_bounded(path, "## wergate: FAIL\n\n" + "\n\n".join("ä" * 400 for _ in range(50)) + "\n")
    assert 890_000 < path.stat().st_size <= 900_000
    added = path.read_text()[890_000:]
    assert added.startswith("\n## wergate: FAIL\n\nä")
    assert "is left out" in added.splitlines()[-1]


def test_nothing_is_appended_to_a_full_file(tmp_path: Path) -> None:
    """One more byte might hide the summaries of all other steps."""
    path = tmp_path / "step.md"
    path.write_text("x" * 899_990)
    append_bounded(path, "## wergate: PASS\n\nall gates passed\n")
    assert 899_990 == path.stat().st_size


@pytest.mark.parametrize("room", range(0, 400, 7))
def test_a_cut_summary_never_exceeds_its_room(room: int) -> None:
    """In bytes of UTF-8, whatever the paragraphs."""
    text = "\n\n".join("ä" * size for size in (10, 30, 90, 5, 60)) + "\n"
    assert len(bounded(text, room).encode()) <= room

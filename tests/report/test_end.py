"""The last lines of a run, made from rows: how many there are, how wide they are, and their order."""

from __future__ import annotations

import pytest

from tests.support.forked import environment
from tests.support.suite_run import Warm, run
from wergate.evaluation.rows import IntervalRow, LogitsRow, WordErrorRow
from wergate.report.failures.causes import by_cause
from wergate.report.failures.order import worst_first
from wergate.report.latency import unjudged_latency
from wergate.report.rows.evaluation import EvaluationRow, PairedRow
from wergate.report.rows.verdicts import VerdictRow
from wergate.report.terminal.compact import speed_table
from wergate.report.terminal.details import ungated_lines
from wergate.report.terminal.end import LINES_MAX, End, end_lines, headline
from wergate.report.terminal.layer_names import short_layer_names
from wergate.timing.rows import BenchmarkRow, RatioRow
from wergate.verdict import Status, Verdict

BIG = "random:data2vec-audio-base"
WIDTHS = pytest.mark.parametrize("width", [80, 100])


def words(rate: float) -> WordErrorRow:
    return WordErrorRow(words=2877, substitutions=579, deletions=52, insertions=41, wer=rate)


def evaluation(corpus: str, variant: str, model: str = "embedded") -> EvaluationRow:
    """Return a row with the fields that the tables show."""
    paired = PairedRow.model_construct(drop=0.0024, interval=IntervalRow(low=-0.0049, high=0.0064, confidence=0.95))
    return EvaluationRow.model_construct(
        model=model,
        corpus=corpus,
        variant=variant,
        quantizer="nncf",
        engine="pytorch",
        utterances=160,
        reference=words(0.2311),
        candidate=words(0.2336),
        paired=paired,
        tokens=None,
        logits=LogitsRow.model_construct(sqnr_db=25.2),
        mismatches=[None] * 12,
    )


def ratio(model: str, fast: str, slow: str, duration_s: float) -> RatioRow:
    interval = IntervalRow(low=2.5, high=2.75, confidence=0.99)
    figures = {"ratio": 2.61, "interval": interval, "rounds": 32, "fast_ms": 131.57, "slow_ms": 1343.2}
    return RatioRow(model=model, duration_s=duration_s, fast=fast, slow=slow, noise=["drift 9 %"], **figures)


def verdict(
    gate: str = "wer", value: float = 0.5, status: str = "PASS", subject: str = "INT8", **changes: str
) -> VerdictRow:
    """Return a verdict whose line is that of the gates."""
    threshold = 1.0 if status != "FAIL" else 0.25
    undecided = "the interval still holds 1 after 10 rounds: run it again" if status == "INCONCLUSIVE" else ""
    found = Verdict(gate, subject, value, "<=", threshold, "embedded", f"repair {gate}", undecided=undecided)
    about = {"test": "t", "model": "embedded", "corpus": "embedded:clean", "kind": "accuracy", "interval": None}
    figures = {"gate": gate, "subject": subject, "status": Status(status), "value": value, "line": found.line}
    return VerdictRow(relation="<=", threshold=threshold, **figures, **(about | changes))


EVALUATIONS = [evaluation(f"embedded:{name}", variant) for name in ("clean", "other") for variant in ("fp16", "int8")]
PAIRS = (("int8", "fp16"), ("int8", "pytorch"), ("fp16", "pytorch"))
RATIOS = [ratio(m, *pair, seconds) for m in ("embedded", BIG) for pair in PAIRS for seconds in (1.0, 5.0)]
NOTES = [f"corpus {number}: {'a sentence that is as long as a line of a terminal ' * 2}" for number in range(20)]
PASSED = End(0, [verdict()] * 152, evaluations=EVALUATIONS, ratios=RATIOS, notes=NOTES, files=["results.json"])


@WIDTHS
def test_a_passing_run_fits_the_screen(width: int) -> None:
    """At most 40 lines with pytest's own two, however many notes there are; none is wider than the screen."""
    lines = end_lines(PASSED, width)
    assert len(lines) <= LINES_MAX <= 38
    assert max(map(len, lines)) <= width
    assert (lines[0], lines[-1]) == ("PASS: all 152 gates passed",) * 2
    assert any(line.endswith("more notes: --details") for line in lines)


@WIDTHS
def test_the_tables_have_every_figure(width: int) -> None:
    """WER, then speed: a title for each model and corpus, and rows with nothing cut off."""
    lines = end_lines(PASSED, width)
    text = "\n".join(lines)
    titles = (" embedded on embedded:clean\n", " embedded on embedded:other\n", f" {BIG}\n")
    places = [text.index(title) for title in titles]
    assert places == sorted(places)
    assert "   int8     23.36  579/52/41  +0.24 (-0.49 to +0.64)    148/160     25.2" in lines
    assert text.count("2.61 (2.50 to 2.75)  pytorch, 1343.2 ms") == 8
    cells = [" ".join(line.split()) for line in lines]
    assert 2 == cells.count("int8 * 5 s 131.6 2.61 (2.50 to 2.75) fp16, 1343.2 ms")
    assert "…" not in text


def test_many_rows_are_counted() -> None:
    """The first ones are shown."""
    rows = [evaluation(f"corpus {number}", "int8") for number in range(30)]
    lines = end_lines(End(0, evaluations=rows), 80)
    assert " 48 more rows: --details" in lines
    assert len(lines) <= LINES_MAX


@WIDTHS
def test_causes_come_first_with_one_remedy(width: int) -> None:
    """Accuracy before latency; gates that fail because of another have a line below it, not one of their own."""
    rows = [
        verdict("speedup_over_fp16", 9.0, "FAIL", kind="latency"),
        verdict("cer_rise", 0.3, "FAIL"),
        verdict("deletion_rise", 0.8, "FAIL"),
        verdict("wer", 0.5, "FAIL"),
        verdict("wer", 0.7, "FAIL", corpus="embedded:other"),
        verdict("sqnr_db", 0.5, "FAIL"),
        verdict("size_ratio", 0.3, "FAIL"),
        verdict("reference_wer", 0.9, "INCONCLUSIVE"),
        verdict("length_delta"),
    ]
    failed = worst_first([*rows, rows[1]], lambda row: row.status is Status.PASS)
    names = ["size_ratio", "sqnr_db", "wer", "wer", "deletion_rise", "cer_rise", "reference_wer", "speedup_over_fp16"]
    assert names == [row.gate for row in failed]
    shown = {failed[3].line: ["worst utterances of INT8:", " u1: 3 word errors"]}
    lines = end_lines(End(10, rows, failed, explanations=shown, evaluations=EVALUATIONS), width)
    assert "FAIL: accuracy failed; gates: 1 passed, 7 failed, 1 undecided (exit code 10)" == lines[0] == lines[-1]
    numbered = [line for line in lines if line[:2] in {f"{number}." for number in range(9)}]
    assert ["size_ratio", "sqnr_db", "reference_wer", "speedup_over_fp16"] == [
        line.split()[3].partition("=")[0] for line in numbered
    ]
    second = lines.index("2. FAIL INT8 sqnr_db=0.5, but should be <= 0.25 [embedded]")
    assert lines[second + 1 : second + 4] == [
        "   do: repair sqnr_db",
        "   worst utterances of INT8:",
        "    u1: 3 word errors",
    ]
    following = " ".join(" ".join(lines[second + 4 : lines.index(numbered[2])]).split())
    assert following == (
        "4 more gates fail with it: INT8 wer 0.7 (<= 0.25), INT8 deletion_rise 0.8 (<= 0.25), "
        "INT8 cer_rise 0.3 (<= 0.25)"
    )
    assert lines.index(numbered[3]) < lines.index(" embedded on embedded:clean")
    assert max(map(len, lines)) <= width


def failures(*rows: VerdictRow) -> list[list[str]]:
    """Return the gates of each failure, its cause first."""
    return [
        [failure.cause.gate, *(row.gate for row in failure.consequences)]
        for failure in by_cause(worst_first(rows, lambda row: row.status is Status.PASS))
    ]


@pytest.mark.parametrize(
    ("gate", "also", "together"),
    [
        ("reference_wer", {"gate": "wer"}, True),
        ("reference_wer", {"gate": "wer", "subject": "FP16"}, True),
        ("reference_wer", {"gate": "wer", "corpus": "embedded:other"}, False),
        ("reference_wer", {"gate": "weight_error"}, False),
        ("calibration_utterances", {"gate": "wer"}, True),
        ("calibration_utterances", {"gate": "wer", "subject": "FP16"}, False),
        ("weight_error", {"gate": "sqnr_db"}, True),
        ("weight_error", {"gate": "size_ratio"}, False),
        ("weight_error", {"gate": "inference_precision_differs"}, False),
        ("sqnr_db", {"gate": "wer", "corpus": "embedded:other"}, True),
        ("sqnr_db", {"gate": "wer", "model": "another"}, False),
        ("sqnr_db", {"gate": "wer", "subject": "FP16"}, False),
        ("sqnr_db", {"gate": "portable_wer"}, True),
        ("portable_sqnr_db", {"gate": "wer"}, False),
        ("bucket_sqnr_db", {"gate": "sqnr_db"}, True),
        ("deletion_rise", {"gate": "wer_rise[2-10s]"}, True),
        ("int8_work", {"gate": "speedup_over_fp16", "kind": "latency"}, True),
        ("int8_work", {"gate": "wer"}, False),
        ("sqnr_db", {"gate": "speedup_over_fp16", "kind": "latency"}, False),
        ("sqnr_db", {"gate": "restored_wer"}, False),
    ],
)
def test_a_failure_explains_what_comes_after_it(gate: str, also: dict[str, str], together: bool) -> None:
    """In the same model: of the same variant, on any corpus; only a corpus that no model understands is of all."""
    rows = verdict(gate, 0.5, "FAIL"), verdict(**{"value": 0.5, "status": "FAIL", **also})
    assert together is (len(failures(*rows)) == 1)


def test_a_fault_of_fp16_is_one_of_int8() -> None:
    """INT8 is built from FP16; a fault of INT8 alone does not explain FP16, nor does an undecided gate."""
    fp16, int8 = verdict("sqnr_db", 0.3, "FAIL", subject="FP16"), verdict("sqnr_db", 0.9, "FAIL")
    assert [["sqnr_db", "sqnr_db"]] == failures(int8, fp16)
    undecided = verdict("sqnr_db", 0.3, "INCONCLUSIVE", subject="FP16")
    assert 2 == len(failures(int8, undecided))
    assert 2 == len(failures(int8, verdict("wer", 0.3, "INCONCLUSIVE")))


def test_details_have_a_line_for_each_consequence() -> None:
    """With its figures."""
    rows = [verdict("sqnr_db", 0.5, "FAIL"), verdict("wer", 0.5, "FAIL")]
    lines = end_lines(End(10, rows, rows, details=True), 100)
    assert "   with it: INT8 wer=0.5, but should be <= 0.25 [embedded]" in lines


def test_what_decides_several_gates_is_said_once() -> None:
    """Each gate has its line as long as there is room; the rest is counted."""
    rows = [verdict(f"speedup_over_{n}", 0.9, "INCONCLUSIVE", kind="latency") for n in range(30)]
    few, many = (
        end_lines(End(0, rows[:count], undecided=rows[:count], evaluations=EVALUATIONS, ratios=RATIOS), 80)
        for count in (2, 30)
    )
    assert (2, 1) == (sum(line.startswith("undecided: ") for line in few), few.count("  do: run it again"))
    assert any(line.endswith("more undecided gates: --details") for line in many)
    assert max(len(few), len(many)) <= LINES_MAX


def test_an_undecided_run_says_why_and_what_to_do() -> None:
    """With exit code 0; what could not be written is in one line, whatever its length."""
    row = verdict("speedup_over_fp16", 0.9, "INCONCLUSIVE", kind="latency")
    error = f"ERROR: results file '{'x' * 90}' cannot be written; correct --results"
    lines = end_lines(End(0, [verdict(), row], undecided=[row], notes=[error]), 80)
    assert "INCONCLUSIVE: gates: 1 passed, 1 undecided (exit code 0)" == lines[0] == lines[-1]
    text = " ".join(" ".join(lines).split())
    assert "undecided: INT8 speedup_over_fp16=0.90, threshold <= 1 [embedded] do: run it again" in text
    assert error in lines
    assert "next: run again on a quiet machine; --strict fails" in text


@pytest.mark.parametrize(
    ("name", "short"),
    [
        (
            "__module.model.encoder.layers.3.feed_forward.intermediate_dense/aten::linear/MatMul",
            "encoder.3.fc1",
        ),
        (
            "__module.m.encoder.layers.0.attention/aten::scaled_dot_product_attention/ScaledDotProductAttention (x)",
            "encoder.0.attention (x)",
        ),
        ("__module.data2vec_audio.encoder.layers.1/aten::add/Add_1", "encoder.1.Add_1"),
        ("__module.m.feature_extractor.conv_layers.2.conv/aten::_convolution/Convolution", "feature_extractor.2.conv"),
        ("/data2vec_audio/encoder/layers.4/feed_forward/output_dense/MatMul", "encoder.4.fc2"),
        ("results in /tmp/some/folder/results.json", "results in /tmp/some/folder/results.json"),
        ("__module.lm_head/aten::linear/MatMul", "lm_head"),
    ],
)
def test_layers_have_short_names(name: str, short: str) -> None:
    """By their block and their function; other names stay."""
    assert short == short_layer_names(name)


def test_an_interval_that_says_nothing_is_not_shown() -> None:
    """A ratio between a fiftieth and a thousand says nothing."""
    wide = ratio("m", "int8", "fp16", 1).model_copy(
        update={"interval": IntervalRow(low=0.02, high=900, confidence=0.99)}
    )
    table = "\n".join(speed_table([wide], 80))
    assert "unknown" in table
    assert "900" not in table


def test_a_warm_run_ends_with_its_verdict(warm: Warm) -> None:
    """At 80 columns, also from workers: the verdict twice, one table, and pytest's line below."""
    where = ("--suite", str(warm.suite), "--cache-dir", str(warm.cache))
    for more in ((), ("-n", "2")):
        done = run(["accuracy"], *where, *more, variables=environment() | {"COLUMNS": "80"})
        assert 0 == done.code, done.output
        lines = done.output.splitlines()
        first, last = (max(n for n, line in enumerate(lines) if part in line) for part in ("= wergate =", " passed"))
        end = lines[first : last + 1]
        assert len(end) <= 40, done.output
        assert end[1] == end[-2] != ""
        assert end[1].startswith("PASS: all ")
        assert 1 == sum(line.startswith(" variant ") for line in end)
        assert max(map(len, end)) <= 80


def test_a_speed_up_without_threshold_is_named() -> None:
    """Figures alone would look like a pass; a model with a verdict needs no note."""
    gated = verdict("speedup_over_fp16", model=BIG, kind="latency")
    (line,) = ungated_lines(RATIOS, [verdict(), gated])
    assert line.startswith("speed-up of embedded is reported, not gated")
    assert [] == list(ungated_lines([], [verdict()]))


def timed(group: str = "latency", *noise: str) -> BenchmarkRow:
    figures = {"rounds": 9, "median_ms": 2.0, "min_ms": 1.0, "max_ms": 3.0, "iqr_ms": 0.1}
    return BenchmarkRow(test="t", group=group, model="embedded", name="int8 1 s", noise=list(noise), **figures)


def test_a_pass_says_so_if_no_gate_judged_the_speed() -> None:
    """The gates of benchmarks/ may all be about answers: noise, or the lack of a threshold, leaves speed unjudged."""
    answers, speed = verdict("other_work"), verdict("speedup_over_fp16", kind="latency")
    noisy, quiet = timed("latency", "drift 9 %"), timed("throughput")
    assert "latency: not judged (noisy)" == unjudged_latency([noisy], RATIOS, [answers])
    assert "latency: not judged (no threshold)" == unjudged_latency([noisy, quiet], [], [answers])
    assert "" == unjudged_latency([noisy], RATIOS, [answers, speed]) == unjudged_latency([timed("build")], [], [])
    lines = end_lines(End(0, [answers], latency="latency: not judged (noisy)"), 80)
    assert "PASS: all 1 gates passed; latency: not judged (noisy)" == lines[0] == lines[-1]
    failed = headline(10, [verdict("wer", 0.5, "FAIL")], "latency: not judged (noisy)")
    assert "FAIL: accuracy failed; gates: 1 failed; latency: not judged (noisy) (exit code 10)" == failed


@pytest.mark.parametrize(
    ("code", "details", "expected"),
    [
        (0, False, "next: --export DIR writes the IRs that passed; --details prints every table"),
        (0, True, "next: --export DIR writes the IRs that passed"),
        (10, True, "next: start with item 1 above, then run again"),
        (2, False, "next: run again; finished builds are in the cache, and an unfinished one starts over"),
    ],
)
def test_the_next_step_fits_the_run(code: int, details: bool, expected: str) -> None:
    """It does not recommend an option that was given."""
    assert [expected] == [line for line in end_lines(End(code, [verdict()], details=details), 200) if "next: " in line]


def test_settings_to_paste_are_the_next_step() -> None:
    """A study that passes has found what the suite file needs; there is nothing to export yet."""
    end = End(0, [verdict()], tables=["[model.mine.quantization.ignored_scope]"], proposed=True)
    (line,) = [line for line in end_lines(end, 200) if line.startswith("next: ")]
    assert line.startswith("next: paste the settings above into a suite file, and run the gates with --suite FILE")
    assert "--export" not in line

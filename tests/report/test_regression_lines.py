"""Lines on baselines: one for each reason not to compare, and one for each difference."""

from __future__ import annotations

from wergate.report.regressions import together
from wergate.report.rows.verdicts import RegressionRow


def row(variant: str, corpus: str, outcome: str, reason: str) -> RegressionRow:
    """Return a row whose line is that of the comparison."""
    line = f"baseline of m on {corpus}, {variant.upper()}: {reason}"
    return RegressionRow.model_validate(
        {"model": "m", "corpus": corpus, "variant": variant, "outcome": outcome, "line": line}
    )


def test_a_reason_is_said_once() -> None:
    """The number of baselines and the first of them, whatever their corpora and variants are."""
    reason = "not compared: stored for CPU avx2 f32, but this run is on CPU avx512 f32"
    rows = [row(variant, corpus, "not compared", reason) for corpus in ("a", "b") for variant in ("fp16", "int8")]
    assert [f"4 baselines, such as the baseline of m on a, FP16: {reason}"] == together(rows)
    assert [rows[0].line] == together(rows[:1])


def test_every_change_of_word_errors_has_its_line() -> None:
    """So has each further reason."""
    rows = [
        row("fp16", "a", "better", "word errors fell from 3 to 2"),
        row("int8", "a", "better", "word errors fell from 3 to 2"),
        row("fp16", "b", "absent", "none stored; --update-baselines stores this run's"),
        row("int8", "b", "not compared", "not compared: stored with openvino 1, now 2"),
    ]
    assert [each.line for each in rows] == together(rows)

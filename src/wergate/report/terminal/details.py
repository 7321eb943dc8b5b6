"""Tables and lines of `--details`, and notes, made from rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from wergate.config.variants import subject_of
from wergate.evaluation.rows import WordErrorRow
from wergate.formatting import decibels, interval, new_table, percent, signed_percent, word_errors
from wergate.report.rows.evaluation import EvaluationRow, by_cell
from wergate.report.rows.execution import ExecutionRow, FallbackRow
from wergate.report.rows.uses import ArtifactRow, CalibrationRow, CorpusRow, ModelRow, RejectionRow
from wergate.report.rows.verdicts import VerdictRow
from wergate.report.terminal.layer_names import short_layer_names
from wergate.timing.rows import RatioRow
from wergate.verdict import Status

if TYPE_CHECKING:
    from rich.table import Table

_SHOWN = 8  # unknown characters in a note
_ACCURACY_COLUMNS = ("WER %", "S/D/I", "drop", "same text", "SQNR", "argmax", "verdict")


def accuracy_tables(evaluations: Sequence[EvaluationRow], verdicts: Sequence[VerdictRow]) -> Iterator[Table]:
    """Yield one table per model and corpus, with the reference model and each variant."""
    for rows in by_cell(evaluations):
        first = rows[0]
        amount = f"{first.utterances} utterances, {first.reference.words} words, {first.audio_s:.0f} s"
        normalizer = "" if first.normalizer == "upper" else f", normalizer {first.normalizer}"
        tokens = ("TER %",) if first.tokens else ()
        columns = _ACCURACY_COLUMNS[:2] + tokens + _ACCURACY_COLUMNS[2:]
        table = new_table(f"{first.model} on {first.corpus}: {amount}{normalizer}", "variant", columns)
        table.add_row(
            first.engine, *word_errors(first.reference), *_token_rate(first.tokens.reference if first.tokens else None)
        )
        for row in rows:
            rate = _token_rate(row.tokens.candidate if row.tokens else None)
            table.add_row(row.label, *word_errors(row.candidate), *rate, *_against_reference(row, verdicts))
        yield table


def _token_rate(errors: WordErrorRow | None) -> tuple[str, ...]:
    return () if errors is None else (percent(errors.wer),)


def _against_reference(row: EvaluationRow, verdicts: Sequence[VerdictRow]) -> tuple[str, ...]:
    return (
        signed_percent(row.wer_drop),
        row.same_text,
        decibels(row.logits.sqnr_db),
        percent(row.logits.argmax_agreement),
        _overall([v for v in verdicts if _belongs(v, row)]),
    )


def _belongs(verdict: VerdictRow, row: EvaluationRow) -> bool:
    """Return whether a verdict is about the variant of the row, on its corpus or on no corpus."""
    same_recognizer = (verdict.model, verdict.subject) == (row.model, subject_of(row.variant))
    return same_recognizer and verdict.corpus in {None, row.corpus}


def _overall(verdicts: Sequence[VerdictRow]) -> str:
    if not verdicts:
        return "-"
    counts = Counter(verdict.status for verdict in verdicts)
    open_or_failed = [f"{counts[status]} {status}" for status in (Status.FAIL, Status.INCONCLUSIVE) if counts[status]]
    return ", ".join(open_or_failed) or Status.PASS


def artifact_lines(artifacts: Sequence[ArtifactRow]) -> Iterator[str]:
    """Yield one line for each kind of artifact that was built or found in the store."""
    kinds: dict[tuple[str, str], list[ArtifactRow]] = {}
    for row in artifacts:
        of = f"{row.model} on {row.corpus}" if row.corpus else row.model
        kinds.setdefault((f"{row.kind} of {of}", row.status), []).append(row)
    for (name, status), rows in kinds.items():
        keys = {row.key for row in rows}
        amount = f"key {rows[0].key[:8]}" if len(keys) == 1 else f"{len(keys)} keys"
        yield f"{name}: {status} in {sum(row.seconds for row in rows):.1f} s ({amount})"


def model_lines(models: Sequence[ModelRow]) -> Iterator[str]:
    """Yield how each model is read, each thing once."""
    yield from dict.fromkeys(f"{row.model}: {note}" for row in models for note in row.notes)


def rejection_lines(rejections: Sequence[RejectionRow]) -> Iterator[str]:
    """Yield one line per variant with rejected compilations, and one with their number over all runs."""
    for (model, variant), count in Counter((row.model, row.variant) for row in rejections).items():
        yield (
            f"{model} {variant}: OpenVINO compiled {count} times with wrong logits on one of its streams; "
            "the suite compiled again and used none of these (docs/findings/two-streams.md)"
        )
    if rejections:
        last = max(rejections, key=lambda row: row.tried)
        yield (
            f"over all runs with this cache: {last.rejected} of {last.tried} compilations rejected "
            f"(OpenVINO {last.openvino}, {last.isa})"
        )


def note_lines(evaluations: Sequence[EvaluationRow], corpora: Sequence[CorpusRow]) -> Iterator[str]:
    """Yield remarks on corpora and their transcripts, each once: origin, omissions, changes, oddities."""
    yield from dict.fromkeys(line for corpus in corpora for line in _corpus_lines(corpus))
    yield from dict.fromkeys(line for row in evaluations for line in _evaluation_lines(row))


def _corpus_lines(row: CorpusRow) -> Iterator[str]:
    yield from (f"{row.corpus}: {note}" for note in row.notes)
    if row.utterances < row.available:
        yield f"{row.corpus}: {row.utterances} of {row.available} utterances evaluated"
    for reason, count in Counter(skipped.reason for skipped in row.skipped).most_common():
        yield f"{row.corpus}: {count} utterances skipped: {reason}"


def _evaluation_lines(row: EvaluationRow) -> Iterator[str]:
    yield from (f"{row.corpus}: {count} utterances {note}" for note, count in row.audio_notes.items())
    if row.unknown.characters:
        known = list(row.unknown.characters.items())
        shown = ", ".join(f"{text!r} {count} times" for text, count in known[:_SHOWN])
        more = " and others" if len(known) > _SHOWN else ""
        amount = f"{row.unknown.utterances} transcripts contain characters"
        yield f"{row.corpus}: {amount} that {row.model} has no label for: {shown}{more}"
    if row.unknown.emptied_references:
        emptied = row.unknown.emptied_references
        yield f"{row.corpus}: {emptied} transcripts have no word left after the normalizer '{row.normalizer}'"
    if row.blank_note:
        yield f"{row.model} on {row.corpus}: {row.blank_note}"
    if row.special_note:
        yield f"{row.model} on {row.corpus}: {row.special_note}"
    if row.resume_note:
        yield f"{row.corpus}, {row.variant}: {row.resume_note}"
    sides = ((row.engine, row.reference, row.expected.reference), (row.label, row.candidate, row.expected.candidate))
    for name, found, expected in sides:
        if expected is not None:
            rates = f"{name} WER {percent(found.wer)} %, published {percent(expected)} % (expected_wer in suite.toml)"
            yield f"{row.model} on {row.corpus}: {rates}"


def calibration_lines(calibrations: Sequence[CalibrationRow]) -> Iterator[str]:
    """Yield one line per model about the calibration of INT8."""
    for row in calibrations:
        yield f"{row.model}: INT8 calibrated on {len(row.utterances)} utterances of {row.corpus}, {row.audio_s:.0f} s"


def verdict_lines(verdicts: Sequence[VerdictRow]) -> Iterator[str]:
    """Yield the verdicts that did not pass, and the number of verdicts by status."""
    counts = Counter(verdict.status for verdict in verdicts)
    for verdict in verdicts:
        if verdict.status is not Status.PASS:
            yield f"{verdict.status}: {verdict.line}"
    if verdicts:
        yield "verdicts: " + ", ".join(f"{counts[status]} {status}" for status in Status if counts[status])


def ungated_lines(ratios: Sequence[RatioRow], verdicts: Sequence[VerdictRow]) -> Iterator[str]:
    """Yield the models whose speed-up has no threshold, because a table of figures alone looks like a pass."""
    gated = {row.model for row in verdicts if row.gate.startswith("speedup_over_")}
    for model in dict.fromkeys(row.model for row in ratios if row.model not in gated):
        yield f"speed-up of {model} is reported, not gated: its threshold is int8_over_fp16_min in [benchmarks]"


_SHOWN_LAYERS = 5  # layers per table; the results contain all


def execution_tables(executions: Sequence[ExecutionRow]) -> Iterator[Table]:
    """Yield one table of the work in 8 bit, and one for each reason why layers run in another precision."""
    if not any(row.int8_macs for row in executions):
        return
    table = new_table("executed work on 5 s of audio", "model", ("variant", "GMAC", "8 bit %", "layers", "not 8 bit"))
    for row in executions:
        counts = (str(row.layers), str(len(row.fallbacks)))
        table.add_row(row.model, row.variant, f"{row.macs / 1e9:.2f}", percent(row.int8_share, 1), *counts)
    yield table
    for row in executions:
        if row.int8_macs and row.fallbacks:
            yield from _fallback_tables(row)


def _fallback_tables(row: ExecutionRow) -> Iterator[Table]:
    for reason, block in groupby(sorted(row.fallbacks, key=_reason), key=_reason):
        layers = sorted(block, key=lambda layer: -layer.macs)
        share = sum(layer.share for layer in layers)
        title = f"{row.model} {row.variant}: {percent(share, 1)} % of the work is not in 8 bit: {reason}"
        table = new_table(title, "layer", ("runs in", "work %"))
        for layer in layers[:_SHOWN_LAYERS]:
            table.add_row(short_layer_names(layer.name), layer.precision, percent(layer.share, 1))
        if len(layers) > _SHOWN_LAYERS:
            rest = sum(layer.share for layer in layers[_SHOWN_LAYERS:])
            table.add_row(f"{len(layers) - _SHOWN_LAYERS} more", "", percent(rest, 1))
        yield table


def _reason(layer: FallbackRow) -> str:
    return layer.reason


def memory_lines(verdicts: Sequence[VerdictRow]) -> Iterator[str]:
    """Yield one line per model with the memory growth per inference."""
    found = [row for row in verdicts if row.gate == "memory_growth_kib" and row.value is not None]
    for model in dict.fromkeys(row.model for row in found):
        figures = (f"{row.subject} {row.value:.2f}{_bounds(row)}" for row in found if row.model == model)
        yield f"memory of {model}: growth in KiB per inference: {', '.join(figures)}"


def _bounds(row: VerdictRow) -> str:
    if row.interval is None or row.interval.low is None or row.interval.high is None:
        return ""
    return f" ({interval(row.interval)})"

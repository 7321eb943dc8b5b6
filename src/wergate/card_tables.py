"""The tables of a model card, in markdown."""

from __future__ import annotations

from collections.abc import Sequence

from wergate.evaluation.rows import WordErrorRow
from wergate.formatting import table
from wergate.results import EvaluationRow, Results, TokenRow, VerdictRow
from wergate.verdict import Status


def token_metric(tokens: TokenRow) -> tuple[str, str]:
    """Return the hub's name of a token error rate, and people's."""
    return ("per", "PER (%)") if tokens.units == "phonemes" else ("token_error_rate", "token error rate (%)")


def evaluation_table(row: EvaluationRow, verdicts: Sequence[VerdictRow]) -> str:
    """Return reference model and variant on one corpus, with the verdict of the gates there."""
    drop = 100 * row.wer_drop
    sqnr = "inf" if row.logits.sqnr_db is None else f"{row.logits.sqnr_db:.1f}"
    equal = f"{row.utterances - len(row.mismatches)}/{row.utterances}"
    here = [verdict for verdict in verdicts if verdict.corpus in {None, row.corpus}]
    failed = sum(verdict.status is not Status.PASS for verdict in here)
    tokens = (row.tokens.reference, row.tokens.candidate) if row.tokens else ()
    sides = [(*_words(row.reference), *map(_rate, tokens[:1])), (*_words(row.candidate), *map(_rate, tokens[1:]))]
    rows = [
        (row.engine, *sides[0], "", "", "", ""),
        (row.label, *sides[1], f"{drop:+.2f}", equal, sqnr, f"{failed} FAIL" if failed else "PASS"),
    ]
    title = f"### {row.corpus}: {row.utterances} utterances, {row.reference.words} words, {row.audio_s:.0f} s"
    of_tokens = (token_metric(row.tokens)[1].replace("(%)", "%"),) if row.tokens else ()
    header = ("recognizer", "WER %", "S/D/I", *of_tokens, "drop", "equal transcripts", "SQNR dB", "verdict")
    return f"{title}\n\n{table(header, rows)}"


def _words(errors: WordErrorRow) -> tuple[str, str]:
    return _rate(errors), f"{errors.substitutions}/{errors.deletions}/{errors.insertions}"


def _rate(errors: WordErrorRow) -> str:
    return "-" if errors.wer is None else f"{100 * errors.wer:.2f}"


def verdict_table(verdicts: Sequence[VerdictRow]) -> str:
    """Return every gate's figure beside its threshold."""
    rows = [
        (
            row.gate,
            row.corpus or "-",
            row.subject,
            "not finite" if row.value is None else f"{row.value:.4g}",
            f"{row.relation} {row.threshold:.4g}",
            str(row.status),
        )
        for row in verdicts
    ]
    return table(("gate", "corpus", "of", "value", "should be", "verdict"), list(dict.fromkeys(rows)))


def environment_table(results: Results) -> str:
    """Return machine, device, inference precision and versions."""
    cpu = results.cpu
    rows = [
        ("CPU", f"{cpu.model}, {cpu.cores} cores"),
        ("ISA", cpu.isa),
        ("device", str(results.options.get("device"))),
        ("inference precision", str(results.options.get("inference_precision"))),
        *((package, version) for package, version in results.versions.items() if version != "absent"),
    ]
    return table(("", ""), rows)

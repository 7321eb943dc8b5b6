"""The regression gate: word errors of a run against stored ones of the same model, corpus and toolchain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from wergate.evaluation.evaluation import Evaluation
from wergate.evaluation.normalize import NORMALIZERS
from wergate.evaluation.wer import WordErrors, count_word_errors, show_alignment
from wergate.gates.wer_baseline import StoredCounts, StoredTranscripts
from wergate.verdict import Verdict

Outcome = Literal["absent", "not compared", "worse", "same", "better"]
_SHORT = 8  # digits of a digest in messages


@dataclass(frozen=True)
class Regression:
    """Comparison of a variant's word errors with the stored ones.

    Attributes:
        line: the outcome in one sentence.
        verdict: None if nothing could be compared.
        changes: a text for each changed transcript, with both versions aligned; the largest increase in errors first.
    """

    outcome: Outcome
    line: str
    verdict: Verdict | None = None
    changes: tuple[str, ...] = ()


def transcripts_of(
    evaluation: Evaluation, *, model: str, corpus: str, versions: Mapping[str, str]
) -> StoredTranscripts:
    """Return the baseline entry of an evaluation.

    Args:
        model: digest of the reference model.
        corpus: fingerprint of the utterances.
        versions: versions of the packages that affect the result; a build suffix such as +cpu is dropped.
    """
    return StoredTranscripts(
        model=model,
        corpus=corpus,
        normalizer=evaluation.normalizer,
        versions={name: version.partition("+")[0] for name, version in versions.items()},
        counts=_counts(evaluation.candidate.total),
        transcripts={outcome.id: outcome.hypothesis for outcome in evaluation.mismatches},
    )


def regression(
    evaluation: Evaluation,
    now: StoredTranscripts,
    stored: Mapping[str, StoredTranscripts],
    *,
    machine: str,
) -> Regression:
    """Compare an evaluation with its stored baseline.

    Args:
        now: baseline entry of the evaluation.
        stored: stored entries by kind of machine.
        machine: kind of this machine.
    """
    name = f"baseline of {evaluation.variant.model} on {evaluation.corpus}, {evaluation.variant.subject}"
    if not stored:
        return Regression("absent", f"{name}: none stored; --update-baselines stores this run's")
    if machine not in stored:
        return Regression(
            "not compared",
            f"{name}: not compared: stored for {', '.join(sorted(stored))}, but this run is on {machine}",
        )
    before = stored[machine]
    other = _other(evaluation, before, now)
    if other:
        return Regression("not compared", f"{name}: not compared: stored with {other}")
    verdict = _verdict(evaluation, before.counts, now.counts)
    outcome, line = _described(before.counts.errors, now.counts.errors)
    return Regression(outcome, f"{name}: {line}", verdict, tuple(changes(evaluation, before)))


def reference_of(evaluation: Evaluation, *, model: str, corpus: str, versions: Mapping[str, str]) -> StoredTranscripts:
    """Return the baseline entry of the reference model, without transcripts.

    Args:
        model: digest of the reference model.
        corpus: fingerprint of the utterances.
        versions: versions of the packages that affect the reference model's result.
    """
    entry = transcripts_of(evaluation, model=model, corpus=corpus, versions=versions)
    return entry.model_copy(update={"counts": _counts(evaluation.reference.total), "transcripts": {}})


def reference_regression(
    evaluation: Evaluation, now: StoredTranscripts, stored: Mapping[str, StoredTranscripts], *, machine: str
) -> Verdict | str:
    """Compare the reference model's errors with the stored ones; return why, if they cannot be compared.

    Args:
        now: baseline entry of the reference model.
        stored: stored entries by kind of machine.
        machine: kind of this machine.
    """
    name = f"baseline of {evaluation.variant.model} on {evaluation.corpus}, {evaluation.engine}"
    if machine not in stored:
        return f"{name}: none for {machine}; --update-baselines stores this run's"
    other = _other(evaluation, stored[machine], now)
    if other:
        return f"{name}: not compared: stored with {other}"
    return reference_errors_verdict(evaluation, stored[machine].counts)


def reference_errors_verdict(evaluation: Evaluation, stored: StoredCounts) -> Verdict:
    """Gate the number of word errors of the reference model, which the same audio and versions repeat exactly."""
    now = _counts(evaluation.reference.total)
    return Verdict(
        gate="reference_errors",
        subject=evaluation.engine,
        value=now.errors,
        relation="==",
        threshold=stored.errors,
        basis=f"stored baseline; S/D/I {stored.kinds} then, {now.kinds} now",
        scope=evaluation.scope,
        remedy="the reference model itself changed, and everything is compared with it: check its labels, its audio "
        "and the transcripts of the corpus; if the change is intended, run with --update-baselines",
    )


def _counts(total: WordErrors) -> StoredCounts:
    return StoredCounts(
        words=total.words,
        substitutions=total.substitutions,
        deletions=total.deletions,
        insertions=total.insertions,
    )


def _other(evaluation: Evaluation, before: StoredTranscripts, now: StoredTranscripts) -> str:
    """Return what rules out a comparison, in words; empty if nothing does."""
    left_out = " (--limit leaves some out)" if evaluation.limited and before.corpus != now.corpus else ""
    return "; ".join(differences(before, now)) + left_out


def differences(before: StoredTranscripts, now: StoredTranscripts) -> Iterator[str]:
    """Yield each difference in weights, utterances, normalizer or versions that rules out a comparison."""
    if before.model != now.model:
        yield f"weights {before.model[:_SHORT]}, now {now.model[:_SHORT]}"
    if before.corpus != now.corpus:
        yield "other utterances"
    if before.normalizer != now.normalizer:
        yield f"normalizer {before.normalizer}, now {now.normalizer}"
    for name in sorted({*before.versions, *now.versions}):
        old, new = before.versions.get(name, "unknown"), now.versions.get(name, "unknown")
        if old != new:
            yield f"{name} {old}, now {new}"


def _described(before: int, now: int) -> tuple[Outcome, str]:
    if now > before:
        return "worse", f"word errors rose from {before} to {now}"
    if now == before:
        return "same", f"word errors unchanged at {before}"
    return "better", f"word errors fell from {before} to {now}; --update-baselines stores the lower count"


def _verdict(evaluation: Evaluation, before: StoredCounts, now: StoredCounts) -> Verdict:
    return Verdict(
        gate="word_errors",
        subject=evaluation.variant.subject,
        value=now.errors,
        relation="<=",
        threshold=before.errors,
        basis=f"stored baseline; S/D/I {before.kinds} then, {now.kinds} now",
        scope=evaluation.scope,
        remedy="check the changed utterances below; if the change is intended, run with --update-baselines",
    )


def changes(evaluation: Evaluation, before: StoredTranscripts) -> Iterator[str]:
    """Yield a text for each changed transcript: errors then and now, and both transcripts aligned."""
    # A baseline stores only transcripts that differ from the reference model's.
    # The present reference transcript stands for every other one.
    changed = [
        (outcome, before.transcripts.get(outcome.id, outcome.reference_hypothesis)) for outcome in evaluation.outcomes
    ]
    changed = [(outcome, then) for outcome, then in changed if then != outcome.hypothesis]
    texts = [outcome.text for outcome, _ in changed]
    old = _errors(evaluation, texts, [then for _, then in changed])
    new = _errors(evaluation, texts, [outcome.hypothesis for outcome, _ in changed])
    rows = sorted(zip(changed, old, new, strict=True), key=lambda row: row[1].errors - row[2].errors)
    for (outcome, then), was, now in rows:
        alignment = show_alignment(reference=then, hypothesis=outcome.hypothesis)
        versions = alignment.replace("REF:", "WAS:").replace("HYP:", "NOW:")
        yield f"{outcome.id}: {was.errors} errors then, {now.errors} now; reference '{outcome.text}'\n{versions}"


def _errors(evaluation: Evaluation, texts: list[str], hypotheses: list[str]) -> tuple[WordErrors, ...]:
    normalizer = NORMALIZERS[evaluation.normalizer]
    return count_word_errors(references=texts, hypotheses=hypotheses, normalizer=normalizer)

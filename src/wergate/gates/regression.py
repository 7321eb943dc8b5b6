"""Regression: a run's word errors against the stored ones of the same model, corpus and toolchain."""

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
_SHORT = 8  # digits of a digest that people compare


@dataclass(frozen=True)
class Regression:
    """What became of a variant's word errors since they were stored.

    Attributes:
        line: in one sentence, for people.
        verdict: None where nothing could be compared.
        changes: each utterance with another transcript, aligned, those that got worse first.
    """

    outcome: Outcome
    line: str
    verdict: Verdict | None = None
    changes: tuple[str, ...] = ()


def transcripts_of(
    evaluation: Evaluation, *, model: str, corpus: str, versions: Mapping[str, str]
) -> StoredTranscripts:
    """Return what is stored of an evaluation.

    Args:
        model: digest of the reference model.
        corpus: fingerprint of the utterances.
        versions: of the packages that decide; which build of one it is, as in 2.13.0+cpu, is left out.
    """
    total = evaluation.candidate.total
    return StoredTranscripts(
        model=model,
        corpus=corpus,
        normalizer=evaluation.normalizer,
        versions={name: version.partition("+")[0] for name, version in versions.items()},
        counts=StoredCounts(
            words=total.words,
            substitutions=total.substitutions,
            deletions=total.deletions,
            insertions=total.insertions,
        ),
        transcripts={outcome.id: outcome.hypothesis for outcome in evaluation.mismatches},
    )


def regression(
    evaluation: Evaluation,
    now: StoredTranscripts,
    stored: Mapping[str, StoredTranscripts],
    *,
    machine: str,
) -> Regression:
    """Compare what a run found with what is stored.

    Args:
        now: what would be stored of the evaluation.
        stored: by kind of machine.
        machine: the kind that this is.
    """
    name = f"baseline of {evaluation.variant.model} on {evaluation.corpus}, {evaluation.variant.subject}"
    if not stored:
        return Regression("absent", f"{name}: none is stored; --update-baselines stores this run's")
    if machine not in stored:
        return Regression(
            "not compared", f"{name}: made with {', '.join(sorted(stored))}, here {machine}: not compared"
        )
    before = stored[machine]
    other = "; ".join(differences(before, now))
    if other:
        return Regression("not compared", f"{name}: made with {other}: not compared")
    verdict = _verdict(evaluation, before.counts, now.counts)
    outcome, told = _told(before.counts.errors, now.counts.errors)
    return Regression(outcome, f"{name}: {told}", verdict, tuple(changes(evaluation, before)))


def differences(before: StoredTranscripts, now: StoredTranscripts) -> Iterator[str]:
    """Yield what differs of all that a comparison takes for granted."""
    if before.model != now.model:
        yield f"weights {before.model[:_SHORT]}, here {now.model[:_SHORT]}"
    if before.corpus != now.corpus:
        yield f"other utterances, {before.corpus[:_SHORT]}, here {now.corpus[:_SHORT]}"
    if before.normalizer != now.normalizer:
        yield f"normalizer {before.normalizer}, here {now.normalizer}"
    for name in sorted({*before.versions, *now.versions}):
        old, new = before.versions.get(name, "unknown"), now.versions.get(name, "unknown")
        if old != new:
            yield f"{name} {old}, here {new}"


def _told(before: int, now: int) -> tuple[Outcome, str]:
    if now > before:
        return "worse", f"{now - before} errors more than the {before} that are stored"
    if now == before:
        return "same", f"{before} errors, as stored"
    return "better", f"{before - now} errors fewer than the {before} that are stored; --update-baselines raises it"


def _verdict(evaluation: Evaluation, before: StoredCounts, now: StoredCounts) -> Verdict:
    return Verdict(
        gate="word_errors",
        subject=evaluation.variant.subject,
        value=now.errors,
        relation="<=",
        threshold=before.errors,
        basis=f"stored baseline; S/D/I {before.kinds} then, {now.kinds} now",
        scope=evaluation.scope,
        remedy="see below which utterances changed; if it is meant, --update-baselines",
    )


def changes(evaluation: Evaluation, before: StoredTranscripts) -> Iterator[str]:
    """Yield each utterance that was transcribed otherwise: its errors then and now, both transcripts aligned.

    What is not stored was the reference model's transcript then, and is taken from its present one.
    """
    changed = [
        (outcome, before.transcripts.get(outcome.id, outcome.reference_hypothesis)) for outcome in evaluation.outcomes
    ]
    changed = [(outcome, then) for outcome, then in changed if then != outcome.hypothesis]
    texts = [outcome.text for outcome, _ in changed]
    old = _errors(evaluation, texts, [then for _, then in changed])
    new = _errors(evaluation, texts, [outcome.hypothesis for outcome, _ in changed])
    found = sorted(zip(changed, old, new, strict=True), key=lambda row: row[1].errors - row[2].errors)
    for (outcome, then), was, now in found:
        alignment = show_alignment(reference=then, hypothesis=outcome.hypothesis)
        told = alignment.replace("REF:", "WAS:").replace("HYP:", "NOW:")
        yield f"{outcome.id}: {was.errors} errors then, {now.errors} now, in '{outcome.text}'\n{told}"


def _errors(evaluation: Evaluation, texts: list[str], hypotheses: list[str]) -> tuple[WordErrors, ...]:
    normalizer = NORMALIZERS[evaluation.normalizer]
    return count_word_errors(references=texts, hypotheses=hypotheses, normalizer=normalizer)

"""Inference on utterances of a corpus, and the comparison of their logits with those of the reference model."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from wergate.corpora.corpus import Utterance
from wergate.errors import SuiteError
from wergate.evaluation.evaluation import UtteranceOutcome
from wergate.evaluation.reference_run import ReferenceUtterance
from wergate.networks.alphabet import Alphabet
from wergate.networks.ctc import Logits, greedy_decode, prevalent_label
from wergate.networks.logits import difference
from wergate.recognizers.base import Recognizer, completed


@dataclass(frozen=True)
class Inferred:
    """The outcome of an utterance, and what is odd about the reference model's frames.

    Attributes:
        prevalent: index of the label that wins most frames; None if there is none.
        with_special: the reference model's text with its special labels; None if it has none.
    """

    outcome: UtteranceOutcome
    prevalent: int | None
    with_special: str | None


def infer(
    recognizer: Recognizer,
    utterances: Sequence[Utterance],
    reference: Mapping[str, ReferenceUtterance],
    *,
    alphabet: Alphabet,
    subject: str,
) -> Iterator[Inferred]:
    """Yield utterances that ran concurrently, in their order; they share the time in proportion to their durations.

    Args:
        reference: transcripts and logits of the reference model by utterance id.
        alphabet: labels of both models.
        subject: name of the recognizer in messages.

    Raises:
        SuiteError: the recognizer's logits differ in shape from the reference model's.
    """
    started = time.perf_counter()
    found: dict[int, Inferred] = {}
    samples = [utterance.waveform.samples for utterance in utterances]
    for number, logits in completed(recognizer, samples):  # decoding overlaps inference
        expected = reference[utterances[number].id]
        outcome = _outcome(utterances[number], expected, logits, alphabet, subject)
        found[number] = Inferred(outcome, *_oddities(expected, alphabet))
    rate = (time.perf_counter() - started) / sum(utterance.waveform.duration_s for utterance in utterances)
    for _, one in sorted(found.items()):
        yield replace(one, outcome=replace(one.outcome, seconds=rate * one.outcome.duration_s))


def _oddities(expected: ReferenceUtterance, alphabet: Alphabet) -> tuple[int | None, str | None]:
    best = expected.logits.argmax(axis=-1)
    whole = replace(alphabet, keep_special=True).text(best.tolist())
    return prevalent_label(best), whole if whole != expected.hypothesis else None


def _outcome(
    utterance: Utterance, expected: ReferenceUtterance, logits: Logits, alphabet: Alphabet, name: str
) -> UtteranceOutcome:
    _require_same_shape(utterance, logits, expected.logits, name)
    return UtteranceOutcome(
        utterance.id,
        utterance.waveform.duration_s,
        utterance.text,
        expected.hypothesis,
        greedy_decode(logits, alphabet),
        difference(reference=expected.logits, candidate=logits),
        reference_seconds=expected.seconds,
        notes=utterance.waveform.notes,
    )


def _require_same_shape(utterance: Utterance, logits: Logits, expected: Logits, name: str) -> None:
    (frames, labels), (expected_frames, expected_labels) = logits.shape, expected.shape
    if labels != expected_labels:
        raise SuiteError(
            f"{name} gives {labels} logits per frame, but the reference model gives {expected_labels}; both need the "
            "same vocabulary; compare an IR with the model that it was converted from"
        )
    if frames != expected_frames:
        raise SuiteError(
            f"{name} gives {frames} frames for utterance '{utterance.id}' ({utterance.waveform.duration_s:.2f} s), "
            f"but the reference model gives {expected_frames}; both must give the same number; compare an IR with the "
            "model that it was converted from, and export it without padding and with a dynamic input length"
        )

"""Repetition of inferences after a corpus: streams and utterances are tried again and must give the same logits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from wergate.corpora.corpus import Corpus
from wergate.evaluation.evaluation import Evaluation, UtteranceOutcome
from wergate.evaluation.reference_run import ReferenceUtterance
from wergate.networks.ctc import Logits
from wergate.networks.logits import difference
from wergate.recognizers.base import RepeatingRecognizer

_NOISIEST = 5
_MOST = 8  # utterances in all: with the probes, about a second for the embedded model


@dataclass(frozen=True)
class Repetition:
    """Comparison of a recognizer's logits after a corpus with those before it and during it.

    Attributes:
        models: number of compiled models that ran none of these utterances, so their streams ran the probe again.
        wrong_models: number of them with a stream that gave other logits than before the corpus.
        utterances: number of utterances that every stream transcribed again.
        differing: ids of those with other logits than in the evaluation.
    """

    models: int
    wrong_models: int
    utterances: int
    differing: tuple[str, ...]


def repeat(
    evaluation: Evaluation,
    corpus: Corpus,
    recognizer: RepeatingRecognizer,
    reference: Mapping[str, ReferenceUtterance],
) -> Repetition:
    """Run the worst utterances of a recognizer on every stream again, and the probe on the streams of other models.

    Args:
        evaluation: outcomes of the same recognizer on the corpus; those that it did not infer itself are left out.
        corpus: the corpus.
        recognizer: the recognizer that gave the outcomes, with its compiled models still in memory.
        reference: the reference run on the corpus.
    """
    worst = _worst(evaluation)
    differing = []
    for utterance in corpus.utterances(evaluation.variant.frontend.sampling_rate, only=worst.keys()):
        again = recognizer.again(utterance.waveform.samples)
        if not _gives(worst[utterance.id], again, reference[utterance.id].logits):
            differing.append(utterance.id)
    probes = list(recognizer.probed_again())
    return Repetition(len(probes), probes.count(False), len(worst), tuple(differing))


def _worst(evaluation: Evaluation) -> Mapping[str, UtteranceOutcome]:
    """Return the outcomes with the noisiest logits, then those that gained most errors, by utterance id."""
    errors = zip(evaluation.candidate.errors, evaluation.reference.errors, strict=True)
    pairs = zip(evaluation.outcomes, (own.errors - other.errors for own, other in errors), strict=True)
    inferred = [(outcome, gained) for outcome, gained in pairs if outcome.id in evaluation.inferred]
    noisiest = sorted((outcome for outcome, _ in inferred), key=lambda outcome: outcome.logits.sqnr_db)[:_NOISIEST]
    gaining = [outcome for outcome, gained in sorted(inferred, key=itemgetter(1), reverse=True) if gained > 0]
    return dict([(outcome.id, outcome) for outcome in dict.fromkeys([*noisiest, *gaining])][:_MOST])


def _gives(outcome: UtteranceOutcome, repeated: Sequence[Logits], expected: Logits) -> bool:
    """Return whether all repeated logits are equal bit by bit, and have the difference that the outcome recorded.

    The outcome has sums over its logits instead of the logits. Equal logits give equal sums, and a difference in any
    place changes one of them.
    """
    first = repeated[0]
    if not all(np.array_equal(first, other, equal_nan=True) for other in repeated):
        return False
    return repr(difference(reference=expected, candidate=first)) == repr(outcome.logits)  # equal if both are NaN

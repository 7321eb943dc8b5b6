"""Labels are those of the model's own files, equal labels decode alike, and no letter is lost."""

from __future__ import annotations

import pytest

from fixtures.gates.check import Check
from wergate.config.models import ModelSettings
from wergate.evaluation.evaluation import Evaluation
from wergate.evaluation.letters import reference_letters
from wergate.gates.alphabet import alphabet_verdict, decoding_verdict, label_differences, letter_verdict
from wergate.models.variant import Variant
from wergate.session.session import Session


def test_labels_are_those_of_the_files(session: Session, variant: Variant, check: Check) -> None:
    """Both sides decode with the labels that the model's own files list, read again at each run."""
    reference = session.models.reference(variant.model)
    written = reference.written_labels()
    if not written:
        pytest.skip(f"{variant.model} has no file of labels that can be read apart from its processor")
    sides = {
        variant.subject: variant.frontend.alphabet,
        reference.engine: session.models.reference_recognizer(variant.model).frontend.alphabet,
    }
    check(
        *(
            alphabet_verdict(
                label_differences(alphabet, written),
                labels=len(alphabet.labels),
                subject=subject,
                model=variant.model,
            )
            for subject, alphabet in sides.items()
        )
    )


def test_equal_labels_decode_alike(evaluation: Evaluation, check: Check) -> None:
    """An utterance with the same best label in every frame has the same transcript on both sides."""
    check(decoding_verdict(evaluation))


def test_the_reference_recognizer_writes_every_letter(
    evaluation: Evaluation, model_settings: ModelSettings, check: Check
) -> None:
    """No frequent letter of the references is recognized far worse than the others by the reference model."""
    threshold = model_settings.thresholds.letter_recall_min
    if threshold is None:
        pytest.skip("thresholds.letter_recall_min is not set")
    if evaluation.variant.frontend.alphabet.units == "phonemes":
        pytest.skip("the alphabet has phonemes, and no letters")
    verdict = letter_verdict(
        reference_letters(evaluation), threshold, subject=evaluation.engine, scope=evaluation.scope
    )
    if verdict is None:
        pytest.skip("no letter occurs often enough, or the reference recognizer recognizes too few of any")
    check(verdict)

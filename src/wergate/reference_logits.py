"""The reference model's logits of waveforms that belong to no corpus (a probe, an excerpt), as an artifact."""

from __future__ import annotations

from dataclasses import asdict

from wergate.corpora.audio import Samples
from wergate.environment import source_digest, versions
from wergate.networks.ctc import Logits
from wergate.recognizers.base import Recognizer
from wergate.recognizers.stored_logits import stored_logits
from wergate.reference_models import ReferenceModel
from wergate.store import Artifact, Store


def reference_logits(store: Store, model: ReferenceModel, recognizer: Recognizer, waveforms: Samples) -> Artifact:
    """Return the artifact of the reference model's logits; the recognizer is used only where it has to be built.

    Args:
        waveforms: float32, shape (batch, samples).
    """
    parts = {
        "model": model.digest,
        "frontend": asdict(recognizer.frontend),
        "versions": versions((*model.packages, "numpy")),
        "source": source_digest(__name__, type(model).__module__),
    }

    def compute(batch: Samples) -> Logits:
        return recognizer.logits(batch)

    return stored_logits(store, "reference-logits", parts, waveforms, compute)

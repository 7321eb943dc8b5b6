"""The PyTorch reference run: transcripts and logits of a corpus, computed once."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wergate import alphabet, audio, ctc, frontend
from wergate.corpus import Corpus, Utterance
from wergate.ctc import Logits, greedy_decode
from wergate.errors import InputTooShortError
from wergate.progress import Progress
from wergate.recognizers import Recognizer
from wergate.reference_models import ReferenceModel
from wergate.store import Artifact, Store
from wergate.toolchain import source_digest, versions

_LOGITS = "logits.npy"
_UTTERANCES = "utterances.json"


@dataclass(frozen=True)
class ReferenceUtterance:
    """What the reference recognizer made of one utterance.

    Attributes:
        logits: float32, shape (frames, vocabulary), mapped from disk.
    """

    hypothesis: str
    logits: Logits


def reference_run(
    store: Store, model: ReferenceModel, corpus: Corpus, recognizer: Recognizer, progress: Progress
) -> Artifact:
    """Return the artifact of a reference run; the recognizer is used only where it has to be built."""
    parts = {
        "checkpoint": model.digest,
        "corpus": corpus.fingerprint,
        "versions": versions((*model.packages, "soxr", "soundfile")),
        "source": source_digest(sys.modules[__name__], audio, frontend, alphabet, ctc),
    }

    def build(folder: Path) -> None:
        rows, chunks = [], []
        utterances = corpus.utterances(recognizer.frontend.sampling_rate)
        for utterance in progress(utterances, f"{model.engine} on {corpus.name}", len(corpus)):
            logits = _logits(recognizer, utterance)
            hypothesis = greedy_decode(logits, recognizer.frontend.alphabet)
            rows.append({"id": utterance.id, "frames": len(logits), "hypothesis": hypothesis})
            chunks.append(logits)
        np.save(folder / _LOGITS, np.concatenate(chunks), allow_pickle=False)
        (folder / _UTTERANCES).write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")

    return store.get("reference-run", parts, build)


def _logits(recognizer: Recognizer, utterance: Utterance) -> Logits:
    try:
        batch: Logits = recognizer.logits(utterance.waveform.samples[None])
        return np.asarray(batch[0])
    except InputTooShortError as error:
        raise InputTooShortError(f"utterance '{utterance.id}': {error}") from error


def read_reference(artifact: Artifact) -> Mapping[str, ReferenceUtterance]:
    """Return a reference run by utterance id."""
    logits = np.load(artifact.file(_LOGITS), mmap_mode="r", allow_pickle=False)
    utterances, first = {}, 0
    for row in json.loads(artifact.file(_UTTERANCES).read_text(encoding="utf-8")):
        last = first + row["frames"]
        utterances[row["id"]] = ReferenceUtterance(row["hypothesis"], logits[first:last])
        first = last
    return utterances

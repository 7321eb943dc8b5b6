"""Recognizers without a network: their logits are a fixed function of the samples, and they count inferences."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.support.tiny import LABELS, RATE, TEXTS, Spoken, encoded, sound, write_corpus
from tests.support.variants import make_variant
from wergate.corpora.audio import Samples
from wergate.corpora.corpus import Corpus, open_corpus
from wergate.corpora.spec import CorpusSpec
from wergate.evaluation.evaluate import Candidate, evaluate
from wergate.evaluation.evaluation import Evaluation
from wergate.evaluation.journal import Journal, JournalKey
from wergate.evaluation.reference_run import ReferenceUtterance
from wergate.evaluation.transcript_file import TranscriptFile
from wergate.networks.alphabet import Alphabet
from wergate.networks.ctc import Logits
from wergate.networks.frontend import Frontend
from wergate.progress import silent

FRONTEND = Frontend(RATE, normalize=False, receptive_field=400, hop=320, alphabet=Alphabet(LABELS, 0, "|"))
REFERENCE = JournalKey("model", "pytorch", "", {"model": "abc"})
INT8 = JournalKey("model", "int8", "ir-1", {"reference": REFERENCE.key, "openvino": "1"})


def network(samples: Samples, noise: float = 0.0) -> Logits:
    """Return logits that are a fixed function of the samples: float32, shape (frames, labels)."""
    frames = FRONTEND.frame_count(len(samples))
    steps = np.arange(frames * len(LABELS), dtype=np.float32).reshape(frames, len(LABELS))
    seed = 1 + float(np.abs(samples).sum())
    return np.asarray(5 * np.sin(steps * seed) + noise * np.sin(steps * 7 * seed), dtype=np.float32)


@dataclass
class Recognizer:
    """A recognizer that counts its inferences.

    Attributes:
        noise: amplitude of its difference from the reference logits.
        kill_at: number of inferences after which it kills its process; -1 for never.
        inferences: number of inferences so far.
        compiled: number of calls of `compile`.
        frontend: frontend of the model.
    """

    noise: float = 1.0
    kill_at: int = -1
    inferences: int = 0
    compiled: int = 0
    frontend: Frontend = FRONTEND

    def compile(self) -> Recognizer:
        """Return itself, and count the call."""
        self.compiled += 1
        return self

    def logits(self, waveforms: Samples) -> Logits:
        """Return the logits of a batch."""
        return np.stack(self.logits_of(list(waveforms)))

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        """Return the logits of each utterance."""
        if 0 <= self.kill_at <= self.inferences:
            os.kill(os.getpid(), signal.SIGKILL)
        self.inferences += len(utterances)
        return [network(samples, self.noise) for samples in utterances]


@dataclass
class ReferenceRun:
    """A reference run that is computed on the first call.

    Attributes:
        corpus: the evaluated corpus.
        asked: number of calls.
        made: utterances of the run by id.
    """

    corpus: Corpus
    asked: int = 0
    made: dict[str, ReferenceUtterance] = field(default_factory=dict)

    def __call__(self) -> Mapping[str, ReferenceUtterance]:
        """Return the reference transcripts and logits by utterance id."""
        self.asked += 1
        if not self.made:
            for utterance in self.corpus.utterances(RATE):
                logits = network(utterance.waveform.samples)
                hypothesis = FRONTEND.alphabet.text(logits.argmax(axis=-1).tolist())
                self.made[utterance.id] = ReferenceUtterance(hypothesis, 0.25, logits)
        return self.made


def corpus_of(path: Path, count: int, **changes: Spoken) -> Corpus:
    """Write and open a corpus of short recordings, every third at 8 kHz.

    Args:
        path: parquet file to write.
        count: number of recordings.
        changes: replacements of recordings by their id.
    """
    rates = (RATE, RATE, 8000)
    rows = [
        Spoken(
            f"u{n}", TEXTS[n % 7], encoded(sound(0.1 + 0.01 * (n % 9), seed=n, rate=rates[n % 3]), rate=rates[n % 3])
        )
        for n in range(count)
    ]
    return open_corpus(CorpusSpec("corpus", write_corpus(path, [changes.get(row.id, row) for row in rows])))


@dataclass
class Attempt:
    """An evaluation of a corpus in one process, with or without a transcripts file."""

    corpus: Corpus
    file: Path | None = None
    candidate: JournalKey = INT8
    reference: JournalKey = REFERENCE
    recognizer: Recognizer = field(default_factory=Recognizer)
    normalizer: str = "upper"

    def evaluate(self) -> Evaluation:
        """Evaluate the corpus, resuming from the transcripts file if there is one."""
        self.reference_run = ReferenceRun(self.corpus)
        journal = None
        if self.file:
            journal = Journal(TranscriptFile(self.file), reference=self.reference, candidate=self.candidate)
        return evaluate(
            Candidate(make_variant(frontend=FRONTEND), self.recognizer.compile),
            self.corpus,
            self.reference_run,
            engine="pytorch",
            normalizer=self.normalizer,
            progress=silent,
            journal=journal,
        )

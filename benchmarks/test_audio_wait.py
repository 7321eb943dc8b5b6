"""Share of an INT8 evaluation that is spent waiting for recordings to be decoded."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
import soxr
from pytest_benchmark.fixture import BenchmarkFixture

from fixtures.benchmarks.bench import label, speech_of
from fixtures.gates.check import Check
from wergate.config.suite import SuiteConfig
from wergate.corpora.audio import Samples
from wergate.corpora.corpus import Corpus, open_corpus
from wergate.corpora.spec import CorpusSpec
from wergate.evaluation.evaluate import Candidate, evaluate
from wergate.evaluation.evaluation import Evaluation
from wergate.evaluation.reference_run import ReferenceUtterance
from wergate.networks.ctc import Logits
from wergate.progress import silent
from wergate.recognizers.base import Recognizer
from wergate.session.session import Session
from wergate.verdict import Verdict

UTTERANCES = 200
# each recording has ten ids, so the recognizer soon knows all lengths and runs
# at full speed, which is the hardest case for decoding
RECORDINGS = 20


def flac(samples: Samples, rate: int) -> bytes:
    """Return a recording as FLAC at the model's own sampling rate."""
    return _encoded(samples, rate, "FLAC")


def mp3(samples: Samples, rate: int) -> bytes:
    """Return a recording as MP3 that must be resampled and mixed down: 44.1 kHz, stereo."""
    resampled = soxr.resample(samples, rate, 44_100)
    return _encoded(np.stack([resampled, 0.5 * resampled], axis=1), 44_100, "MP3")


def _encoded(samples: Samples, rate: int, container: str) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format=container)
    return stream.getvalue()


class Echo(Mapping[str, ReferenceUtterance]):
    """A substitute for the reference run: it returns the candidate's own logits, so that no other model takes time."""

    def __init__(self, recognizer: Recognizer) -> None:
        """Wrap a recognizer."""
        self.frontend = recognizer.frontend
        self._recognizer = recognizer
        self._pending: deque[Logits] = deque()

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        """Return the recognizer's logits, and queue them as the reference's."""
        logits = self._recognizer.logits_of(utterances)
        self._pending.extend(logits)
        return logits

    def logits(self, waveforms: Samples) -> Logits:
        """Return the recognizer's logits of a batch."""
        return self._recognizer.logits(waveforms)

    def __getitem__(self, utterance_id: str) -> ReferenceUtterance:
        return ReferenceUtterance("", 0.0, self._pending.popleft())

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return len(self._pending)


@dataclass(frozen=True)
class Form:
    """A format of recordings."""

    id: str
    encode: Callable[[Samples, int], bytes]


FORMS = (Form("FLAC, 16 kHz", flac), Form("MP3, 44.1 kHz stereo", mp3))


def written(path: Path, corpus: Corpus, rate: int, form: Form) -> Corpus:
    """Write the corpus's first recordings in another format, each with several ids, and return the new corpus."""
    utterances = list(islice(corpus.utterances(rate), RECORDINGS))
    sources = [(form.encode(utterance.waveform.samples, rate), utterance.text) for utterance in utterances]
    rows = [
        {"id": f"{number:04d}", "audio": {"bytes": audio, "path": None}, "text": text}
        for number, (audio, text) in zip(range(UTTERANCES), cycle(sources), strict=False)
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)
    return open_corpus(CorpusSpec(form.id, path))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.id.split(",")[0].lower())
def test_audio_wait(
    benchmark: BenchmarkFixture,
    session: Session,
    suite_config: SuiteConfig,
    model: str,
    form: Form,
    check: Check,
    tmp_path: Path,
) -> None:
    """Decoding, resampling and mixing down are faster than INT8: a whole evaluation hardly waits for them."""
    if "int8" not in suite_config.precisions:
        pytest.skip("--precisions excludes int8, the precision that decoding is compared with")
    variant, recognizers = session.variant(model, "int8"), session.recognizers
    speech = session.corpora.corpus(model, speech_of(suite_config, model))
    corpus = written(tmp_path / "corpus.parquet", speech, variant.frontend.sampling_rate, form)

    def evaluation() -> Evaluation:
        echo = cache(lambda: Echo(recognizers.compile(variant, streams=recognizers.corpus_streams)))
        return evaluate(Candidate(variant, echo), corpus, echo, engine="none", normalizer="none", progress=silent)

    result = benchmark.pedantic(evaluation, rounds=1)
    label(benchmark, group="evaluation", model=model, name=f"int8, {form.id}", audio_s=result.audio_s)
    check(
        Verdict(
            gate="audio_wait_share",
            subject="INT8",
            value=result.audio_wait_s / result.elapsed_s,
            relation="<=",
            threshold=suite_config.benchmarks.audio_wait_max,
            basis=f"waited {result.audio_wait_s:.2f} of {result.elapsed_s:.1f} s, {len(result.outcomes)} utterances",
            scope=f"{model}, {form.id}",
            remedy="check whether the disk or another process slows it down, then time the decoding alone",
        )
    )

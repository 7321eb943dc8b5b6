"""Audio ahead of INT8 inference: how much of an evaluation is spent waiting for recordings to be decoded."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
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

UTTERANCES = 500
RECORDINGS = 50  # each under ten ids: the recognizer then knows the lengths, and audio has to be the quicker


def flac(samples: Samples, rate: int) -> bytes:
    """Return a recording at the model's own rate."""
    return _encoded(samples, rate, "FLAC")


def mp3(samples: Samples, rate: int) -> bytes:
    """Return a recording that has to be resampled and mixed down: 44.1 kHz, stereo."""
    resampled = soxr.resample(samples, rate, 44_100)
    return _encoded(np.stack([resampled, 0.5 * resampled], axis=1), 44_100, "MP3")


def _encoded(samples: Samples, rate: int, container: str) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format=container)
    return stream.getvalue()


class Echo(Mapping[str, ReferenceUtterance]):
    """Stands for the reference run: what the candidate has just heard, so that no other model takes time."""

    def __init__(self, recognizer: Recognizer) -> None:
        """Listen to a recognizer."""
        self.frontend = recognizer.frontend
        self._recognizer = recognizer
        self._heard: deque[Logits] = deque()

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        """Return the recognizer's logits."""
        logits = self._recognizer.logits_of(utterances)
        self._heard.extend(logits)
        return logits

    def logits(self, waveforms: Samples) -> Logits:
        """Return the recognizer's logits of a batch."""
        return self._recognizer.logits(waveforms)

    def __getitem__(self, utterance_id: str) -> ReferenceUtterance:
        return ReferenceUtterance("", 0.0, self._heard.popleft())

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return len(self._heard)


@dataclass(frozen=True)
class Form:
    """A form of recording."""

    id: str
    encode: Callable[[Samples, int], bytes]


FORMS = (Form("FLAC, 16 kHz", flac), Form("MP3, 44.1 kHz stereo", mp3))


def written(path: Path, corpus: Corpus, rate: int, form: Form) -> Corpus:
    """Write the corpus's first recordings in another form, under many ids."""
    found = list(islice(corpus.utterances(rate), RECORDINGS))
    audio = [form.encode(utterance.waveform.samples, rate) for utterance in found]
    rows = [
        {"id": f"{n:04d}", "audio": {"bytes": audio[n % len(found)], "path": None}, "text": found[n % len(found)].text}
        for n in range(UTTERANCES)
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
    """Decoding, resampling and mixing down keep ahead of INT8: a whole evaluation hardly waits for them."""
    if "int8" not in suite_config.precisions:
        pytest.skip("--precisions leaves INT8 out, which is what audio has to keep ahead of")
    variant, recognizers = session.variant(model, "int8"), session.recognizers
    speech = session.corpora.corpus(model, speech_of(suite_config, model))
    corpus = written(tmp_path / "corpus.parquet", speech, variant.frontend.sampling_rate, form)

    def evaluation() -> Evaluation:
        echo = cache(lambda: Echo(recognizers.compile(variant, streams=recognizers.corpus_streams)))
        return evaluate(Candidate(variant, echo), corpus, echo, engine="none", normalizer="none", progress=silent)

    found = benchmark.pedantic(evaluation, rounds=1)
    label(benchmark, group="evaluation", model=model, name=f"int8, {form.id}", audio_s=found.audio_s)
    check(
        Verdict(
            gate="audio_wait_share",
            subject="INT8",
            value=found.audio_wait_s / found.elapsed_s,
            relation="<=",
            threshold=suite_config.benchmarks.audio_wait_max,
            basis=f"waited {found.audio_wait_s:.2f} of {found.elapsed_s:.1f} s, {len(found.outcomes)} utterances",
            scope=f"{model}, {form.id}",
            remedy="see whether the disk or another process is slow, and time decoding alone",
        )
    )

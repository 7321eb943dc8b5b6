"""The reference run: transcripts and logits of the reference model on a corpus, computed once, block by block.

Each block of utterances is a separate artifact, and its key contains the digests of its audio. Memory therefore does
not grow with the corpus, and an interrupted run loses at most one block.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np

from wergate.corpora.audio import Samples
from wergate.corpora.corpus import Corpus, Utterance
from wergate.corpora.prefetch import Prefetched
from wergate.disk.files import write_part
from wergate.environment.digest import source_digest
from wergate.environment.machine import variables_of_logits, versions
from wergate.errors import InputTooShortError, SuiteError
from wergate.models.base import ReferenceModel
from wergate.networks.ctc import Logits, greedy_decode
from wergate.progress import Progress
from wergate.recognizers.base import Recognizer
from wergate.recognizers.stored_logits import stored_logits
from wergate.store import Artifact, Store

BLOCK = 64
_LOGITS = "logits.npy"
_UTTERANCES = "utterances.json"


@dataclass(frozen=True)
class ReferenceUtterance:
    """Transcript and logits of the reference model for one utterance.

    Attributes:
        seconds: inference time, in this run or in an earlier one.
        logits: float32, shape (frames, vocabulary), memory-mapped from disk.
    """

    hypothesis: str
    seconds: float
    logits: Logits


def reference_run(
    store: Store, model: ReferenceModel, corpus: Corpus, recognizer: Recognizer, progress: Progress
) -> list[Artifact]:
    """Return the artifacts of a reference run, one for each block of utterances, in corpus order.

    Audio is decoded and the recognizer runs only from the first missing block onwards.

    Raises:
        InputTooShortError: an utterance is too short for one frame; the message names it.
    """
    parts = model_parts(model)
    with _Supply(corpus, lambda: recognizer.frontend.sampling_rate, progress, model.engine) as supply:
        return [
            store.get(
                "reference-run",
                parts | {"audio": [corpus.digests[utterance_id] for utterance_id in ids]},
                partial(_build, model, recognizer, supply, ids),
            )
            for ids in _blocks(corpus)
        ]


def model_parts(model: ReferenceModel) -> dict[str, object]:
    """Return everything except the audio that determines the logits of a reference model."""
    return {
        "model": model.digest,
        "versions": versions((*model.packages, "numpy", "soxr", "soundfile")),
        "variables": variables_of_logits(),  # the number of threads decides how sums are rounded
        "source": source_digest(__name__, type(model).__module__),
    }


def _blocks(corpus: Corpus) -> list[tuple[str, ...]]:
    ids = corpus.ids
    return [ids[first : first + BLOCK] for first in range(0, len(ids), BLOCK)]


class _Supply:
    """Decodes a corpus once, starting at the first utterance that is requested."""

    def __init__(self, corpus: Corpus, sampling_rate: Callable[[], int], progress: Progress, engine: str) -> None:
        self._corpus = corpus
        self._sampling_rate = sampling_rate
        self._progress = progress
        self._engine = engine
        self._open = ExitStack()
        self._utterances: Iterator[Utterance] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def take(self, ids: Sequence[str]) -> Generator[Utterance]:
        """Yield the utterances with the given ids, in corpus order.

        Raises:
            SuiteError: the corpus no longer contains one of them.
        """
        if self._utterances is None:
            self._utterances = self._from(ids[0])
        missing = set(ids)
        while missing:
            utterance = next(self._utterances, None)
            if utterance is None:
                raise SuiteError(
                    f"corpus '{self._corpus.name}' has lost utterance '{min(missing)}' since it was opened; "
                    "a corpus must not change during a run; run again"
                )
            # Utterances before the requested ones are skipped:
            # another process has built their block in the meantime.
            if utterance.id in missing:
                missing.remove(utterance.id)
                yield utterance

    def _from(self, first: str) -> Iterator[Utterance]:
        left = frozenset(self._corpus.ids[self._corpus.ids.index(first) :])
        utterances = self._corpus.utterances(self._sampling_rate(), only=left)
        ahead = self._open.enter_context(Prefetched(utterances))
        return self._progress(ahead, f"{self._engine} on {self._corpus.name}", len(left))


def _build(model: ReferenceModel, recognizer: Recognizer, supply: _Supply, ids: Sequence[str], folder: Path) -> None:
    """Write the logits of a block as they are computed, then its transcripts and times."""
    _require_own_frontend(model, recognizer)
    rows: list[dict[str, Any]] = []
    with (folder / _LOGITS).open("wb") as stream:
        for utterance in supply.take(ids):
            started = time.perf_counter()
            logits = _logits(recognizer, utterance)
            seconds = time.perf_counter() - started
            hypothesis = greedy_decode(logits, recognizer.frontend.alphabet)
            if not rows:
                _write_header(stream, (0, logits.shape[1]))
            rows.append({"frames": len(logits), "hypothesis": hypothesis, "seconds": seconds})
            stream.write(logits.astype("<f4").tobytes())
        _write_header(stream, (sum(row["frames"] for row in rows), logits.shape[1]))
    write_part(folder / _UTTERANCES, json.dumps(rows, ensure_ascii=False, indent=1))


def _require_own_frontend(model: ReferenceModel, recognizer: Recognizer) -> None:
    """Refuse a recognizer whose frontend differs from the model's own.

    Raises:
        SuiteError: alphabet, normalization or frame geometry differ from those in the model's files.
    """
    # The key of a reference run covers the model but no frontend.
    # Later runs would reuse the logits of a wrong frontend.
    if recognizer.frontend != model.frontend():
        raise SuiteError(
            f"the frontend stored with the FP16 IR of '{model.name}' is not the model's own; only the frontend in "
            "the model's files is accepted; remove the IR from the cache directory and run again"
        )


def _write_header(stream: BinaryIO, shape: tuple[int, int]) -> None:
    """Write a .npy header at the start of a stream."""
    # Every header has the same length, since the format reserves room for the first axis to grow.
    # The header can therefore be rewritten after the logits, when the number of frames is known.
    stream.seek(0)
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": shape})


def _logits(recognizer: Recognizer, utterance: Utterance) -> Logits:
    try:
        batch: Logits = recognizer.logits(utterance.waveform.samples[None])
        return np.asarray(batch[0])
    except InputTooShortError as error:
        raise InputTooShortError(f"utterance '{utterance.id}': {error}") from error


def read_reference(artifacts: Sequence[Artifact], corpus: Corpus) -> Mapping[str, ReferenceUtterance]:
    """Return a reference run by utterance id; it opens blocks on demand and keeps one open."""
    return _ReferenceRun(artifacts, corpus)


class _ReferenceRun(Mapping[str, ReferenceUtterance]):
    def __init__(self, artifacts: Sequence[Artifact], corpus: Corpus) -> None:
        self._artifacts = list(artifacts)
        self._places = {utterance_id: divmod(number, BLOCK) for number, utterance_id in enumerate(corpus.ids)}
        self._block: tuple[int, list[ReferenceUtterance]] = (-1, [])

    def __getitem__(self, utterance_id: str) -> ReferenceUtterance:
        block, number = self._places[utterance_id]
        if self._block[0] != block:
            self._block = (block, _read_block(self._artifacts[block]))
        return self._block[1][number]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _read_block(artifact: Artifact) -> list[ReferenceUtterance]:
    logits = np.load(artifact.file(_LOGITS), mmap_mode="r", allow_pickle=False)
    utterances, first = [], 0
    for row in json.loads(artifact.file(_UTTERANCES).read_text(encoding="utf-8")):
        last = first + row["frames"]
        utterances.append(ReferenceUtterance(row["hypothesis"], row["seconds"], logits[first:last]))
        first = last
    return utterances


def reference_logits(store: Store, model: ReferenceModel, recognizer: Recognizer, waveforms: Samples) -> Artifact:
    """Return the artifact of the reference model's logits; the recognizer runs only if the artifact is missing.

    Args:
        waveforms: float32, shape (batch, samples).
    """
    parts = {
        "model": model.digest,
        "versions": versions((*model.packages, "numpy")),
        "variables": variables_of_logits(),
        "source": source_digest(__name__, type(model).__module__),
    }

    def compute(batch: Samples) -> Logits:
        _require_own_frontend(model, recognizer)
        return recognizer.logits(batch)

    return stored_logits(store, "reference-logits", parts, waveforms, compute)

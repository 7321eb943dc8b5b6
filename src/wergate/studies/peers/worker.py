"""Process of one peer: `python -m wergate.studies.peers.worker FOLDER`, driven by the messages of `messages`."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from wergate.corpora.audio import Samples
from wergate.environment.machine import cpu
from wergate.networks.ctc import Logits
from wergate.networks.frontend import Frontend, read_frontend
from wergate.recognizers.base import Recognizer
from wergate.recognizers.subprocess.serving import serve, timed
from wergate.store import Store
from wergate.studies.peers.messages import Bucketing, PeerDone, PeerOrder, PeerTask
from wergate.timing.memory import peak_rss_bytes

if TYPE_CHECKING:
    from wergate.recognizers.openvino import OpenVinoRecognizer


class ReadyPeer(Protocol):
    """A peer that has loaded its model.

    Attributes:
        size_bytes: size of the model on disk.
    """

    size_bytes: int

    def recognizer(self, streams: int) -> Recognizer:
        """Return a recognizer that runs `streams` utterances in parallel."""


class _OpenVino:
    def __init__(self, path: Path, frontend: Frontend, precision: str) -> None:
        self._path = path
        self._frontend = frontend
        self._precision = precision
        self.size_bytes = path.stat().st_size + path.with_suffix(".bin").stat().st_size

    def dynamic(self, streams: int) -> OpenVinoRecognizer:
        from wergate.recognizers.openvino import OpenVinoRecognizer

        return OpenVinoRecognizer(
            self._path, self._frontend, device="CPU", inference_precision=self._precision, streams=streams
        )

    def recognizer(self, streams: int) -> Recognizer:
        return self.dynamic(streams)


class _Bucketed(_OpenVino):
    def __init__(self, path: Path, frontend: Frontend, bucketing: Bucketing) -> None:
        super().__init__(path, frontend, "f32")
        self._bucketing = bucketing

    def recognizer(self, streams: int) -> Recognizer:
        from wergate.recognizers.bucketed import BucketedRecognizer
        from wergate.recognizers.compiled_store import compilable, static_options

        bucketing = self._bucketing
        recognizer = BucketedRecognizer(
            compilable(
                Store(bucketing.store, shared=True),  # the session has checked it
                self._path,
                partial(self.dynamic, streams),
                self._frontend,
                static_options("f32", streams),
            ),
            bucketing.alone if streams == 1 else bucketing.corpus,
            streams=streams,
            probe_sqnr_db_min=bucketing.probe_sqnr_db_min,
        )
        # a compilation that is still running would continue during other peers' turns
        recognizer.try_all()
        return recognizer


class _OnnxRuntime:
    def __init__(self, path: Path, frontend: Frontend) -> None:
        self._path = path
        self._frontend = frontend
        self.size_bytes = path.stat().st_size

    def recognizer(self, streams: int) -> Recognizer:
        from wergate.recognizers.onnx import OnnxRecognizer
        from wergate.studies.peers.pytorch import Threaded

        threads = cpu().cores if streams == 1 else 1
        alone = OnnxRecognizer(self._path, self._frontend, threads=threads, spinning=True)
        return alone if streams == 1 else Threaded(alone, streams, lambda: None)


def make(order: PeerOrder) -> ReadyPeer:
    """Return the peer of an order.

    Raises:
        LookupError: a PyTorch peer without a checkpoint.
    """
    peer, frontend = order.peer, read_frontend(order.frontend)
    if order.file is not None and order.bucketing is not None:
        return _Bucketed(order.file, frontend, order.bucketing)
    if order.file is not None:
        if peer.engine == "openvino":
            return _OpenVino(order.file, frontend, "bf16" if peer.kind == "bf16" else "f32")
        return _OnnxRuntime(order.file, frontend)
    from wergate.studies.peers.pytorch import PyTorchPeer

    if order.checkpoint is None:
        raise LookupError(f"'{peer.key}' needs a checkpoint")
    return PyTorchPeer(peer.key, order.checkpoint, frontend)


def _one_by_one(recognizer: Recognizer, utterances: Sequence[Samples]) -> list[Logits]:
    return [recognizer.logits(samples[None])[0] for samples in utterances]


def answers(lines: Iterator[str]) -> Iterator[PeerDone]:
    """Load the peer of the first line, an order, then run the task of every further line and yield its answer."""
    order = PeerOrder.model_validate_json(next(lines))
    peer = make(order)
    yield PeerDone(seconds=[])
    # at most one recognizer exists at a time, so that the measured memory is not the sum of two
    by_streams: dict[int, Recognizer] = {}
    for line in lines:
        task = PeerTask.model_validate_json(line)
        streams = 1 if task.alone else order.streams
        if streams not in by_streams:
            by_streams.clear()
            gc.collect()
            by_streams[streams] = peer.recognizer(streams)
        recognizer = by_streams[streams]
        one_by_one = task.alone and order.bucketing is None  # at fixed lengths a single utterance is a corpus of one
        seconds = timed(task, partial(_one_by_one, recognizer) if one_by_one else recognizer.logits_of)
        yield PeerDone(seconds=seconds, size_bytes=peer.size_bytes, peak_bytes=peak_rss_bytes())


if __name__ == "__main__":
    serve(answers)

"""The process of one peer: python -m wergate.studies.peers.worker DESCRIPTOR, asked over that socket as `wire` says."""

from __future__ import annotations

import gc
import os
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from wergate.environment import cpu
from wergate.networks.ctc import Logits
from wergate.networks.frontend import Frontend, read_frontend
from wergate.recognizers.base import Recognizer
from wergate.store import Store
from wergate.studies.peers.messages import Answer, Bucketing, Order, Task
from wergate.timing.memory import peak_rss_bytes

if TYPE_CHECKING:
    from wergate.recognizers.openvino import OpenVinoRecognizer


class Made(Protocol):
    """A peer that is ready to run."""

    size_bytes: int

    def recognizer(self, streams: int) -> Recognizer:
        """Return the recognizer for that many utterances at a time."""


class _OpenVino:
    def __init__(self, path: Path, frontend: Frontend, precision: str) -> None:
        self._path = path
        self._frontend = frontend
        self._precision = precision
        self.size_bytes = path.stat().st_size + path.with_suffix(".bin").stat().st_size

    def recognizer(self, streams: int) -> OpenVinoRecognizer:
        from wergate.recognizers.openvino import OpenVinoRecognizer

        return OpenVinoRecognizer(
            self._path, self._frontend, device="CPU", inference_precision=self._precision, streams=streams
        )


class _Bucketed:
    def __init__(self, path: Path, frontend: Frontend, bucketing: Bucketing) -> None:
        self._dynamic = _OpenVino(path, frontend, "f32")
        self._path = path
        self._frontend = frontend
        self._bucketing = bucketing
        self.size_bytes = self._dynamic.size_bytes

    def recognizer(self, streams: int) -> Recognizer:
        from wergate.recognizers.bucketed import BucketedRecognizer
        from wergate.recognizers.compiled_store import compilable, static_options

        bucketing = self._bucketing
        buckets = bucketing.alone if streams == 1 else bucketing.corpus
        recognizer = BucketedRecognizer(
            compilable(
                Store(bucketing.store),
                self._path,
                lambda: self._dynamic.recognizer(streams),
                self._frontend,
                static_options("f32", streams),
            ),
            buckets,
            streams=streams,
            probe_sqnr_db_min=bucketing.probe_sqnr_db_min,
        )
        # whatever is still being compiled would go on in other peers' turns
        recognizer.try_all()
        return recognizer


class _OnnxRuntime:
    def __init__(self, path: Path, frontend: Frontend) -> None:
        self._path = path
        self._frontend = frontend
        self.size_bytes = path.stat().st_size

    def recognizer(self, streams: int) -> Recognizer:
        from wergate.recognizers.onnx import OnnxRecognizer
        from wergate.studies.peers.pytorch import SideBySide

        threads = cpu().cores if streams == 1 else 1
        alone = OnnxRecognizer(self._path, self._frontend, threads=threads, spinning=True)
        return alone if streams == 1 else SideBySide(alone, streams, lambda: None)


def make(order: Order) -> Made:
    """Return the peer that an order names."""
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


class _Server:
    """Holds one recognizer at a time: what is measured of its memory is no sum of two."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._made = make(order)
        self._streams = 0
        self._recognizer: Recognizer | None = None

    def run(self, task: Task) -> Answer:
        recognizer = self._for(1 if task.alone else self._order.streams)
        for _ in range(task.warmup):
            _infer(recognizer, task, fixed=self._order.bucketing is not None)
        seconds, logits = [], []
        for _ in range(task.calls):
            started = time.perf_counter()
            found = _infer(recognizer, task, fixed=self._order.bucketing is not None)
            seconds.append(time.perf_counter() - started)
            logits.append(found)
        return Answer(seconds, logits, self._made.size_bytes, peak_rss_bytes())

    def _for(self, streams: int) -> Recognizer:
        if self._recognizer is None or streams != self._streams:
            self._recognizer = None
            gc.collect()
            self._recognizer, self._streams = self._made.recognizer(streams), streams
        return self._recognizer


def _infer(recognizer: Recognizer, task: Task, *, fixed: bool) -> list[Logits]:
    if task.alone and not fixed:  # at fixed lengths a single utterance is a corpus of one
        return [recognizer.logits(samples[None])[0] for samples in task.utterances]
    return recognizer.logits_of(task.utterances)


def serve(connection: Connection) -> None:
    """Take an order, then do one task after the other until the other side has no more."""
    try:
        server = _Server(connection.recv())
        connection.send(Answer())
        while (task := connection.recv()) is not None:
            connection.send(server.run(task))
    except EOFError:
        return
    except Exception as error:  # noqa: BLE001 - whatever the engines raise is told by the other side
        lines = str(error).strip().splitlines()
        connection.send(Answer(wrong=f"{type(error).__name__}: {lines[0] if lines else ''}"))


def main() -> int:
    """Serve on the descriptor that was handed over; what libraries print goes to standard error."""
    os.dup2(2, 1)
    serve(Connection(int(sys.argv[1])))
    return 0


if __name__ == "__main__":
    sys.exit(main())

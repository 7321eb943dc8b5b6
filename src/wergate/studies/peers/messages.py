"""Messages between the study and a peer's process, in addition to those of every recognizer process."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from wergate.models.checkpoint import Checkpoint
from wergate.recognizers.buckets import Buckets
from wergate.recognizers.subprocess.messages import Done, Task
from wergate.studies.peers.catalog import Peer


class Bucketing(BaseModel):
    """The fixed lengths to compile for, and the store for compiled models.

    Attributes:
        store: folder of the store.
        alone: lengths of the single utterances.
        corpus: lengths that a corpus is padded to.
        probe_sqnr_db_min: minimum SQNR of every stream of a bucket, compared with the dynamic model.
    """

    store: Path
    alone: Buckets
    corpus: Buckets
    probe_sqnr_db_min: float


class PeerOrder(BaseModel):
    """The first message to a process: the peer to run, and its model.

    Attributes:
        peer: the peer.
        frontend: the frontend file next to the FP16 IR.
        checkpoint: the checkpoint; None if the model is an ONNX file.
        file: the file to load; None to load the checkpoint.
        streams: number of parallel inferences on a corpus.
        bucketing: buckets of a peer that runs at fixed lengths, else None.
    """

    peer: Peer
    frontend: Path
    checkpoint: Checkpoint | None
    file: Path | None
    streams: int
    bucketing: Bucketing | None


class PeerTask(Task):
    """Utterances to run, one at a time for latency if `alone`, otherwise as a corpus for throughput."""

    alone: bool


class PeerDone(Done):
    """The answer to a task, with its times; also the answer to the order.

    Attributes:
        size_bytes: size of the model on disk.
        peak_bytes: peak memory of the process so far.
    """

    size_bytes: int = 0
    peak_bytes: int = 0

"""What a peer's process is asked and answers besides what every process apart is."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from wergate.models.checkpoint import Checkpoint
from wergate.recognizers.buckets import Buckets
from wergate.recognizers.subprocess.messages import Done, Task
from wergate.studies.peers.catalog import Peer


class Bucketing(BaseModel):
    """Which fixed lengths to compile for, and where compiled models are kept.

    Attributes:
        alone, corpus: of single utterances, and those that a corpus is padded to.
        probe_sqnr_db_min: what each bucket's streams are held to beside the dynamic model.
    """

    store: Path
    alone: Buckets
    corpus: Buckets
    probe_sqnr_db_min: float


class PeerOrder(BaseModel):
    """Which peer to be, and what of.

    Attributes:
        frontend: the file that stands beside the FP16 IR.
        checkpoint: None where the model is an ONNX file.
        file: what it loads where it is not the checkpoint.
        streams: inferences side by side on a corpus.
        bucketing: for a peer that runs at fixed lengths.
    """

    peer: Peer
    frontend: Path
    checkpoint: Checkpoint | None
    file: Path | None
    streams: int
    bucketing: Bucketing | None


class PeerTask(Task):
    """Utterances to run; `alone` as single ones that somebody waits for, otherwise as a corpus."""

    alone: bool


class PeerDone(Done):
    """What a task took; also the answer to the order.

    Attributes:
        size_bytes: of the model on disk.
        peak_bytes: the most memory that the process has held so far.
    """

    size_bytes: int = 0
    peak_bytes: int = 0

"""What a peer's process is asked and what it answers, as Python objects over a socket: both ends are ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wergate.corpora.audio import Samples
from wergate.models.checkpoint import Checkpoint
from wergate.networks.ctc import Logits
from wergate.recognizers.buckets import Buckets
from wergate.studies.peers.catalog import Peer


@dataclass(frozen=True)
class Bucketing:
    """Which fixed lengths to compile for, and where compiled models are kept.

    Attributes:
        alone, corpus: of single utterances, and those that a corpus is padded to.
        probe_sqnr_db_min: what each bucket's streams are held to beside the dynamic model.
    """

    store: Path
    alone: Buckets
    corpus: Buckets
    probe_sqnr_db_min: float


@dataclass(frozen=True)
class Order:
    """Which peer to be, and what of.

    Attributes:
        frontend: the file that stands beside the FP16 IR.
        checkpoint: None where the model is an ONNX file.
        file: what it loads where it is not the checkpoint.
        bucketing: for a peer that runs at fixed lengths.
        streams: inferences side by side on a corpus.
    """

    peer: Peer
    frontend: Path
    checkpoint: Checkpoint | None
    file: Path | None
    streams: int
    bucketing: Bucketing | None = None


@dataclass(frozen=True)
class Task:
    """Utterances to run, together: `warmup` times untimed, then `calls` times.

    Attributes:
        alone: as single utterances that somebody waits for; otherwise as a corpus.
    """

    utterances: Sequence[Samples]
    alone: bool
    warmup: int = 0
    calls: int = 1


@dataclass(frozen=True)
class Answer:
    """What a task took and gave.

    Attributes:
        seconds: of each timed call.
        logits: of each timed call, by utterance.
        size_bytes: of the model on disk.
        peak_bytes: the most memory that the process has held so far.
        wrong: the error's last line, where it could not be done.
    """

    seconds: list[float] = field(default_factory=list)
    logits: list[list[Logits]] = field(default_factory=list)
    size_bytes: int = 0
    peak_bytes: int = 0
    wrong: str = ""

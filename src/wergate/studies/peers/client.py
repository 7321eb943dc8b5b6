"""A peer in a process of its own, as a recognizer of this one."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from wergate.corpora.audio import Samples
from wergate.networks.ctc import Logits
from wergate.networks.frontend import Frontend
from wergate.recognizers.subprocess.client import Client
from wergate.studies.peers.messages import PeerDone, PeerOrder, PeerTask

_PATIENCE_S = 3600.0  # nothing that a peer is asked takes so long; torch.compile takes minutes
_INHERITED_LIMITS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")  # each peer is told its threads itself


class PeerClient(Client[PeerDone]):
    """A recognizer that another process runs; it waits, without turning, while others have their turn.

    Attributes:
        done: its last answer, with the size of the model and the most memory held until then.
    """

    _module = "wergate.studies.peers.worker"
    _remedy = "leave it out of benchmarks.peers.names"
    _failed = "failed"

    def __init__(self, order: PeerOrder, frontend: Frontend, environment: Mapping[str, str]) -> None:
        """Start the process; it loads the model at once. See `Client`."""
        inherited = {key: value for key, value in os.environ.items() if key not in _INHERITED_LIMITS}
        merged, name = {**inherited, **environment}, order.peer.key
        super().__init__(order, PeerDone, environment=merged, name=name, patience_s=_PATIENCE_S)
        self.frontend = frontend
        self.done = self.opening

    def run(self, utterances: Sequence[Samples], task: PeerTask) -> tuple[list[float], list[list[Logits]]]:
        """Have a task done; return the seconds and the logits of each timed call.

        Raises:
            SuiteError: the process failed at it, or died.
        """
        self.done, logits = self.infer(utterances, task, PeerDone)
        count = len(utterances)
        return self.done.seconds, [logits[first : first + count] for first in range(0, len(logits), count)]

    def logits(self, waveforms: Samples) -> Logits:
        """See `Recognizer.logits`; of a batch of one."""
        return self.run([waveforms[0]], PeerTask(alone=True))[1][0][0][None]

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        """See `Recognizer.logits_of`."""
        return self.run(utterances, PeerTask(alone=False))[1][0]

    def _ended(self, code: int, last_words: str) -> str:
        return f"died with exit code {code}: {last_words or 'it said nothing'}"

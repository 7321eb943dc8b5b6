"""A recognizer that runs a peer in a separate process."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from wergate.corpora.audio import Samples
from wergate.networks.ctc import Logits
from wergate.networks.frontend import Frontend
from wergate.recognizers.subprocess.client import Client
from wergate.studies.peers.messages import PeerDone, PeerOrder, PeerTask

_PATIENCE_S = 3600.0  # longer than any task of a peer; torch.compile takes minutes
_INHERITED_LIMITS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")  # each peer sets its own number of threads


class PeerClient(Client[PeerDone]):
    """A recognizer in a separate process, which is idle while other peers run.

    Attributes:
        done: its last answer, with the size of the model and the peak memory so far.
    """

    _module = "wergate.studies.peers.worker"
    _remedy = "leave it out of benchmarks.peers.names"
    _failed = "failed"

    def __init__(self, order: PeerOrder, frontend: Frontend, environment: Mapping[str, str]) -> None:
        """Start the process, which loads the model immediately. See `Client`."""
        inherited = {key: value for key, value in os.environ.items() if key not in _INHERITED_LIMITS}
        merged, name = {**inherited, **environment}, order.peer.key
        super().__init__(order, PeerDone, environment=merged, name=name, patience_s=_PATIENCE_S)
        self.frontend = frontend
        self.done = self.opening

    def run(self, utterances: Sequence[Samples], task: PeerTask) -> tuple[list[float], list[list[Logits]]]:
        """Run a task and return the seconds and the logits of each timed call.

        Raises:
            SuiteError: the task failed, or the process died.
        """
        self.done, logits = self.infer(utterances, task, PeerDone)
        count = len(utterances)
        return self.done.seconds, [logits[first : first + count] for first in range(0, len(logits), count)]

    def logits(self, waveforms: Samples) -> Logits:
        """See `Recognizer.logits`. The batch must have one utterance."""
        return self.run([waveforms[0]], PeerTask(alone=True))[1][0][0][None]

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        """See `Recognizer.logits_of`."""
        return self.run(utterances, PeerTask(alone=False))[1][0]

    def _ended(self, code: int, last_words: str) -> str:
        return f"died with exit code {code}: {last_words or 'no output'}"

"""A corpus several utterances at a time, in threads of Python: what an engine without streams does for throughput."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from wergate.corpora.audio import Samples
from wergate.networks.ctc import Logits
from wergate.recognizers.base import Recognizer


class SideBySide:
    """A recognizer whose inferences release the interpreter, called from several threads."""

    def __init__(self, recognizer: Recognizer, threads: int, prepare: Callable[[], object]) -> None:
        """Take what each thread does first."""
        self.frontend = recognizer.frontend
        self._recognizer = recognizer
        self._pool = ThreadPoolExecutor(threads, initializer=prepare)

    def logits(self, waveforms: Samples) -> Logits:
        """See `Recognizer.logits`."""
        return self._recognizer.logits(waveforms)

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        """See `Recognizer.logits_of`; the longest begin, so that no thread is left alone with one."""
        longest_first = sorted(range(len(utterances)), key=lambda number: -len(utterances[number]))
        running = {
            number: self._pool.submit(self._recognizer.logits, utterances[number][None]) for number in longest_first
        }
        return [running[number].result()[0] for number in range(len(utterances))]

"""A pytest plugin that ends the process at the first transcription: what came before is what a person waits for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

from wergate.corpora.audio import Samples
from wergate.networks.ctc import Logits
from wergate.recognizers.bucketed import BucketedRecognizer
from wergate.recognizers.openvino import OpenVinoRecognizer

REACHED = 42  # an exit code that neither pytest nor the suite has


def pytest_collection_finish() -> None:
    """End the process as soon as the logits of the first utterance are there, whichever way they came."""
    kinds: tuple[Any, ...] = (BucketedRecognizer, OpenVinoRecognizer)
    for kind in kinds:
        kind.completed = _ending(kind.completed)


def _ending(completed: Any) -> Any:
    def end(self: object, utterances: Sequence[Samples]) -> Iterator[tuple[int, Logits]]:
        next(completed(self, utterances))
        os._exit(REACHED)

    return end

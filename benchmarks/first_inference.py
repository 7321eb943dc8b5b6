"""A pytest plugin that ends the process at the first inference: what came before is what a person waits for."""

from __future__ import annotations

import os
from collections.abc import Sequence

from wergate.recognizers.bucketed import BucketedRecognizer

REACHED = 42  # an exit code that neither pytest nor the suite has


def pytest_collection_finish() -> None:
    """Put the end of the process in the place of the first transcription."""

    def end(_: object, __: Sequence[object]) -> None:
        os._exit(REACHED)

    BucketedRecognizer.completed = end  # type: ignore[method-assign,assignment]

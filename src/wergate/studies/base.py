"""What the rest of the suite knows of a study: its question, what it costs, and where its tests are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Study:
    """A study answers one question. It takes longer than a gate, so it runs on request only.

    Attributes:
        name: what `--study` calls it. Its folder has this name, with underscores.
        question: what it answers.
        minutes: how long it takes on the embedded model, roughly.
        where: the file of its tests, from the root of the repository.
    """

    name: str
    question: str
    minutes: int
    where: str

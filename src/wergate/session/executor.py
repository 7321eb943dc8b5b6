"""Interface of what evaluates a corpus elsewhere: the session says what to compute, an executor says where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from wergate.config.suite import SuiteConfig
from wergate.corpora.corpus import Corpus
from wergate.evaluation.inference import Inferred
from wergate.evaluation.reference_run import ReferenceUtterance
from wergate.models.variant import Variant
from wergate.store import Store


@dataclass(frozen=True)
class Job:
    """The evaluation of one variant on one corpus.

    Attributes:
        config: settings of the recognizer.
        store: keeps the plan and finished shards.
        variant: its IR is sent to the workers.
        corpus: its recordings are sent to the workers, in corpus order.
        reference: returns the reference run, whose logits are sent along.
        run: key of everything that determines the outcomes except the audio: 64 hexadecimal digits.
        source: digest of the code that processes an utterance.
        lengths: fixed lengths in samples that utterances are padded to, ascending; None to pad none.
    """

    config: SuiteConfig
    store: Store
    variant: Variant
    corpus: Corpus
    reference: Callable[[], Mapping[str, ReferenceUtterance]]
    run: str
    source: str
    lengths: tuple[int, ...] | None


class Executor(Protocol):
    """Evaluates utterances on other machines."""

    def inferred(self, job: Job, ids: frozenset[str]) -> Iterator[Inferred]:
        """Yield the utterances with the given ids in corpus order, as this process would compute them.

        Raises:
            SuiteError: the machines cannot be reached, are of another kind, disagree, or fail at an utterance.
        """

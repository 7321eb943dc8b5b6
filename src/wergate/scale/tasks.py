"""Shards with the bytes of their utterances, in the order in which one pass over the corpus completes them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from wergate.corpora.corpus import Corpus
from wergate.evaluation.reference_run import ReferenceUtterance
from wergate.scale.messages import Blobs, ShardOrder, Speech, packed
from wergate.scale.plan import Shard


@dataclass(frozen=True)
class Task:
    """A shard that can be sent to a worker, as often as needed.

    Attributes:
        speech: each utterance with the bytes of its audio and of the reference model's logits.
    """

    shard: Shard
    speech: tuple[tuple[Speech, Blobs], ...]

    def order(self) -> str:
        """Return the message to the worker."""
        return ShardOrder(
            run=self.shard.run, id=self.shard.id, speech=[one for one, _ in self.speech]
        ).model_dump_json()

    def blobs(self) -> Blobs:
        """Return the bytes that go with the message."""
        return [blob for _, pair in self.speech for blob in pair]

    def of(self, shard: Shard) -> Task:
        """Return the task of a part of this shard."""
        wanted = {one.id for one in shard.pieces}
        return Task(shard, tuple(one for one in self.speech if one[0].id in wanted))


def tasks(
    corpus: Corpus, shards: Sequence[Shard], reference: Mapping[str, ReferenceUtterance], sampling_rate: int
) -> Iterator[Task]:
    """Yield tasks while reading the corpus once, in its order; only open shards are in memory.

    Args:
        shards: disjoint shards of the corpus.
        reference: transcripts and logits of the reference model by utterance id.
        sampling_rate: rate in Hz of the waveforms that cannot be sent encoded.

    Raises:
        SuiteError: the corpus has changed since it was indexed.
    """
    shard_of = {one.id: shard for shard in shards for one in shard.pieces}
    begun: dict[int, list[tuple[Speech, Blobs]]] = {}
    for found in corpus.encoded(only=_ids(shards)):
        shard = shard_of[found.entry.id]
        speech = begun.setdefault(id(shard), [])
        speech.append(packed(found, reference[found.entry.id], sampling_rate))
        if len(speech) == len(shard.pieces):
            yield Task(shard, tuple(begun.pop(id(shard))))


def _ids(shards: Sequence[Shard]) -> Collection[str]:
    return frozenset(one.id for shard in shards for one in shard.pieces)

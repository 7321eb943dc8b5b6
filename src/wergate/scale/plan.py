"""The plan of a run: shards of 60 to 120 s of audio, which every driver of the same run computes alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from wergate.corpora.index import Entry
from wergate.disk.files import write_part
from wergate.store import Artifact, Store, content_key

SHARD_S = 120.0  # audio of a shard at most, unless one utterance has more
_PLAN = "plan.json"
BucketOf = Callable[[Entry], int | None]


@dataclass(frozen=True)
class Piece:
    """The identity of an utterance of a shard: its id and the SHA-256 of its audio and of its transcript."""

    id: str
    audio: str
    text: str


@dataclass(frozen=True)
class Shard:
    """Utterances of one bucket that a worker transcribes together.

    Attributes:
        run: key of everything that determines the outcomes except the utterances.
        bucket: length in samples that its utterances are padded to; None if they keep their own.
        pieces: its utterances, in corpus order.
    """

    run: str
    bucket: int | None
    pieces: tuple[Piece, ...]

    @property
    def id(self) -> str:
        """SHA-256 of the run and of the utterances with their audio and transcripts."""
        return content_key({"run": self.run, "pieces": [[one.id, one.audio, one.text] for one in self.pieces]})

    def only(self, ids: Collection[str]) -> Shard:
        """Return the shard of those utterances that are among the given ids."""
        return Shard(self.run, self.bucket, tuple(one for one in self.pieces if one.id in ids))

    def halves(self) -> tuple[Shard, Shard]:
        """Return two shards of half as many utterances each."""
        middle = len(self.pieces) // 2
        return tuple(Shard(self.run, self.bucket, part) for part in (self.pieces[:middle], self.pieces[middle:]))  # type: ignore[return-value]


def plan(store: Store, run: str, entries: Sequence[Entry], bucket_of: BucketOf) -> tuple[Artifact, list[Shard]]:
    """Return the plan of a run, an artifact of the store, and its shards, ordered by their last utterance.

    Args:
        run: key of everything that determines the outcomes except the utterances.
        entries: the utterances of the corpus, in its order.
        bucket_of: returns the bucket of an utterance.
    """
    pieces = content_key({"pieces": [[one.id, one.digest, one.text_digest] for one in entries]})
    parts = {"run": run, "pieces": pieces, "shard_s": SHARD_S}
    artifact = store.get("shard-plan", parts, partial(_write, run, entries, bucket_of))
    rows = json.loads(artifact.file(_PLAN).read_text(encoding="utf-8"))
    return artifact, [Shard(run, row["bucket"], tuple(Piece(*one) for one in row["pieces"])) for row in rows]


def _write(run: str, entries: Sequence[Entry], bucket_of: BucketOf, folder: Path) -> None:
    rows = [_row(shard) for shard in shards(run, entries, bucket_of)]
    write_part(folder / _PLAN, json.dumps(rows, ensure_ascii=False))


def _row(shard: Shard) -> dict[str, Any]:
    return {"bucket": shard.bucket, "pieces": [[one.id, one.audio, one.text] for one in shard.pieces]}


def shards(run: str, entries: Sequence[Entry], bucket_of: BucketOf) -> list[Shard]:
    """Return shards of at most 120 s, in the order in which a reader of the corpus completes them.

    Each has more than 60 s but for the last of a bucket, or if the next utterance has more than 60 s. A reader that
    follows the corpus holds two shards of each bucket at most.
    """
    found: list[tuple[int, Shard]] = []
    taken: dict[int | None, list[tuple[int, Entry]]] = {}
    for numbered in enumerate(entries):
        bucket = bucket_of(numbered[1])
        together = taken.setdefault(bucket, [])
        if together and sum(one.duration_s for _, one in (*together, numbered)) > SHARD_S:
            found.append(_shard(run, bucket, together))
            together = taken[bucket] = []
        together.append(numbered)
    found += [_shard(run, bucket, together) for bucket, together in taken.items()]
    return [shard for _, shard in sorted(found, key=lambda one: one[0])]


def _shard(run: str, bucket: int | None, entries: Sequence[tuple[int, Entry]]) -> tuple[int, Shard]:
    """Return a shard and the position of its last utterance."""
    pieces = tuple(Piece(one.id, one.digest, one.text_digest) for _, one in entries)
    return entries[-1][0], Shard(run, bucket, pieces)

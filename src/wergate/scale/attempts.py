"""Failed attempts at a shard: a shard that keeps failing is halved, until the utterance at fault is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from wergate.errors import SuiteError
from wergate.scale.plan import Shard

FAILURES = 3
_WORKERS = 2
_SHOWN = 5


@dataclass(frozen=True)
class Poisoned:
    """An utterance that no worker survives, and how the last one failed."""

    utterance: str
    reason: str


@dataclass
class Attempts:
    """Counts failures by shard, and decides what runs next.

    Attributes:
        poisoned: utterances that were given up.
    """

    poisoned: list[Poisoned] = field(default_factory=list)
    _by_shard: dict[str, list[str]] = field(default_factory=dict)

    def failed(self, shard: Shard, worker: str, reason: str, *, only_worker: bool) -> tuple[Shard, ...]:
        """Note a failure, and return the shards to run in place of this one: itself, its halves, or none.

        Args:
            worker: name of the process that failed.
            reason: how it failed, for messages.
            only_worker: whether the cluster has no second worker.
        """
        failures = self._by_shard.setdefault(shard.id, [])
        failures.append(worker)
        if len(failures) < FAILURES or (len(set(failures)) < _WORKERS and not only_worker):
            return (shard,)
        if len(shard.pieces) > 1:
            return shard.halves()
        self.poisoned.append(Poisoned(shard.pieces[0].id, reason))
        return ()

    def require_none(self, finished: int) -> None:
        """Name the utterances that were given up, after everything else is finished.

        Raises:
            SuiteError: there is one.
        """
        if self.poisoned:
            raise SuiteError(
                f"workers failed at {_named(self.poisoned)}, {FAILURES} times each; the other {finished} utterances "
                "are finished and are not repeated; listen to it, correct or remove it, or free memory, and run again"
            )


def _named(poisoned: Iterable[Poisoned]) -> str:
    found = sorted(poisoned, key=lambda one: one.utterance)
    shown = ", ".join(f"utterance '{one.utterance}' ({one.reason})" for one in found[:_SHOWN])
    return shown + (f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")

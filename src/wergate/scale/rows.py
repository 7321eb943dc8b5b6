"""Rows of a shard's result: an utterance each, as text that travels between machines and lies on the disk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from wergate.errors import SuiteError
from wergate.evaluation.evaluation import UtteranceOutcome
from wergate.evaluation.inference import Inferred
from wergate.networks.logits import LogitsDifference
from wergate.store import text_digest

_FORMAT = "shard/1"
_TIMES = frozenset({"reference_seconds", "seconds"})


@dataclass(frozen=True)
class Result:
    """The result of a shard.

    Attributes:
        worker: name of the process that computed it.
        kind: the kind of machine: CPU, variables and versions.
        rows: JSON values of each utterance, in the order of the shard.
    """

    worker: str
    kind: dict[str, Any]
    rows: tuple[dict[str, Any], ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the utterances."""
        return tuple(row["id"] for row in self.rows)

    def text(self) -> str:
        """Return the result as lines of JSON; the first has the checksum of the others."""
        lines = "".join(f"{_json(row)}\n" for row in self.rows)
        head = {"wergate": _FORMAT, "worker": self.worker, "kind": self.kind, "checksum": text_digest(lines)}
        return f"{_json(head)}\n{lines}"

    def lasting(self) -> list[str]:
        """Return the rows without seconds: those of two results of one shard must be equal byte by byte."""
        return [lasting(row) for row in self.rows]


def lasting(row: dict[str, Any]) -> str:
    """Return a row without its seconds."""
    return _json({name: value for name, value in row.items() if name not in _TIMES})


def result(worker: str, kind: dict[str, Any], found: Iterable[Inferred]) -> Result:
    """Return the result of a shard for the outcomes of its utterances."""
    rows = ({**asdict(one.outcome), "prevalent": one.prevalent, "with_special": one.with_special} for one in found)
    return Result(worker, kind, tuple(json.loads(_json(row)) for row in rows))


def read_result(text: str) -> Result:
    """Return the result that a text holds.

    Raises:
        SuiteError: the text is incomplete, or does not match its checksum.
    """
    head, _, lines = text.partition("\n")
    try:
        values = json.loads(head)
        if values["wergate"] == _FORMAT and values["checksum"] == text_digest(lines):
            return Result(values["worker"], values["kind"], tuple(map(json.loads, lines.splitlines())))
    except (ValueError, KeyError, TypeError):
        pass
    raise SuiteError("it does not match its checksum; a result as a worker wrote it is accepted")


def outcome(row: dict[str, Any]) -> Inferred:
    """Return the outcome that a row describes."""
    values = dict(row)
    prevalent, with_special = values.pop("prevalent"), values.pop("with_special")
    values["logits"] = LogitsDifference(**values["logits"])
    values["notes"] = tuple(values["notes"])
    return Inferred(UtteranceOutcome(**values), prevalent, with_special)


def difference_of(first: Sequence[str], second: Sequence[str]) -> str:
    """Return the first pair of unlike rows of two results, for a message."""
    pairs = ((one, other) for one, other in zip(first, second, strict=False) if one != other)
    one, other = next(pairs, (f"{len(first)} rows", f"{len(second)} rows"))
    return f"{one} and {other}"


def _json(value: Any) -> str:
    # a line separator inside a transcript would split its row, so everything beyond ASCII is escaped
    return json.dumps(value, separators=(",", ":"))

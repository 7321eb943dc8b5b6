"""The answer of a duel in one line: upgrade, do not upgrade, or inconclusive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from wergate.timing.paired import Paired
from wergate.verdict import Status, Verdict

if TYPE_CHECKING:
    from wergate.duel.duel import Duel

Outcome = Literal["upgrade", "do not upgrade", "inconclusive"]
_NAMED = 7  # utterances and layers in the line


def outcome_of(duel: Duel, verdicts: Sequence[Verdict]) -> Outcome:
    """Return the answer; a side that stopped gives none, and neither does a duel that compared nothing."""
    found = {verdict.status for verdict in verdicts}
    if Status.FAIL in found:
        return "do not upgrade"
    return "inconclusive" if duel.stopped or not found or Status.INCONCLUSIVE in found else "upgrade"


def duel_line(duel: Duel, verdicts: Sequence[Verdict]) -> str:
    """Return the answer and its reasons in one line."""
    outcome = outcome_of(duel, verdicts)
    reasons = {"upgrade": _reasons_for, "do not upgrade": _reasons_against, "inconclusive": _open_reasons}[outcome]
    return f"{outcome}: {', '.join(reasons(duel, verdicts))}"


def _reasons_for(duel: Duel, _: Sequence[Verdict]) -> Iterator[str]:
    changed, total = sum(len(words.changed) for words in duel.corpora), sum(len(w.utterances) for w in duel.corpora)
    yield f"same transcript on {total - changed} of {total} utterances"
    rise = sum(rise for words in duel.corpora for _, rise in words.changed)
    if changed:
        yield f"word errors {rise:+d}"
    yield _speed(duel.time) if duel.time else duel.untimed


def _reasons_against(duel: Duel, verdicts: Sequence[Verdict]) -> Iterator[str]:
    failed = [verdict for verdict in verdicts if verdict.status is Status.FAIL]
    worse = [id_ for words in duel.corpora for id_ in words.worse]
    if any(verdict.kind == "accuracy" for verdict in failed) and worse:
        yield f"these {len(worse)} utterances ({_listed(worse)})" if len(worse) > 1 else f"utterance {worse[0]}"
    layers = [layer.name for layer in duel.layers if layer.changes_results]
    if layers:
        yield f"these {len(layers)} layers ({_listed(layers)})" if len(layers) > 1 else f"layer {layers[0]}"
    if duel.time is not None and any(verdict.kind == "latency" for verdict in failed):
        yield _speed(duel.time)


def _open_reasons(duel: Duel, verdicts: Sequence[Verdict]) -> Iterator[str]:
    yield from (verdict.undecided for verdict in verdicts if verdict.status is Status.INCONCLUSIVE)
    if duel.stopped is not None:
        yield str(duel.stopped)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _speed(found: Paired) -> str:
    """Return the change of the time from A to B in percent, with its interval."""
    change, low, high = (100 * (ratio - 1) for ratio in (found.ratio, found.interval.low, found.interval.high))
    if low <= 0 <= high:
        return f"as fast ({low:+.1f} to {high:+.1f} % of the time)"
    if change > 0:
        return f"{change:.1f} % slower ({low:.1f} to {high:.1f})"
    return f"{-change:.1f} % faster ({-high:.1f} to {-low:.1f})"

"""Gates of a duel: the word errors of B against those of A, and the time of B over that of A."""

from __future__ import annotations

from collections.abc import Iterator

from wergate.config.benchmarks import DuelSettings
from wergate.duel.duel import Duel, is_open
from wergate.duel.words import PairedWords
from wergate.gates.wer import no_words, rise_verdict
from wergate.timing.paired import Paired
from wergate.verdict import Verdict

_SUBJECT = "B"


def duel_verdicts(duel: Duel, settings: DuelSettings, *, min_words: int) -> Iterator[Verdict]:
    """Yield the verdict on each corpus, then the one on time if both sides were timed.

    Args:
        min_words: smallest number of reference words for a decision.

    Raises:
        SuiteError: a corpus has no words.
    """
    if duel.stopped is not None and duel.skipped:
        yield Verdict("ir_too_new", _SUBJECT, 1, "==", 0, duel.model, str(duel.stopped), undecided=str(duel.stopped))
    for words in duel.corpora:
        yield word_verdict(words, model=duel.model, min_words=min_words)
    if duel.time is not None and duel.null is not None:
        yield time_verdict(duel.time, duel.null, limit=1 + settings.slower_max, model=duel.model)


def word_verdict(words: PairedWords, *, model: str, min_words: int) -> Verdict:
    """Gate the rise of the word error rate from A to B, as `wergate compare` does.

    Raises:
        SuiteError: the corpus has no words.
    """
    before, now = words.totals
    if not before.words:
        raise no_words(words.corpus, len(words.utterances), words.normalizer)
    return rise_verdict(
        words.drop,
        (before.errors, now.errors),
        tolerance=words.tolerance,
        min_words=min_words,
        subject=_SUBJECT,
        scope=f"{model}, {words.corpus}, {len(words.utterances)} utterances",
        remedy="read the utterances that changed, and the layers that differ",
    )


def time_verdict(found: Paired, null: Paired, *, limit: float, model: str) -> Verdict:
    """Gate the time of B over that of A by the whole interval of the ratio.

    It is INCONCLUSIVE if A differs from A, if the interval contains the limit, or if most blocks are void.

    Args:
        found: the time of B over that of A.
        null: the time of A over that of A, in two processes.
        limit: largest accepted ratio.
    """
    return Verdict(
        gate="time_over_a",
        subject=_SUBJECT,
        value=found.ratio,
        relation="<=",
        threshold=limit,
        scope=f"{model}, {found.compilations} pairs of processes, {found.rounds} timed calls of each",
        remedy="compare the executed layers of both sides, and report the slowdown to the project of B",
        kind="latency",
        interval=found.interval,
        undecided=_undecided(found, null, limit),
    )


def _undecided(found: Paired, null: Paired, limit: float) -> str:
    if not null.interval.low <= 1 <= null.interval.high:
        low, high = null.interval.low, null.interval.high
        return (
            f"A against A took {null.ratio:.3f} ({low:.3f} to {high:.3f}) of its own time, so this machine is too "
            "noisy now: run again when it is quiet"
        )
    if not found.balance.enough:
        return f"{found.balance.void} of {found.balance.blocks} blocks are void: find out what else runs, and run again"
    if is_open(limit)(found):
        return (
            f"the interval still contains {limit:g} after {found.compilations} pairs of processes in "
            f"{found.elapsed_s:.0f} s: run again on a quieter machine, or raise budget_s in [benchmarks.duel]"
        )
    return ""

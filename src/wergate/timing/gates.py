"""Speed gates: interleaved speed ratios, and checks that the timed inferences gave correct output."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from wergate.networks.ctc import Logits
from wergate.networks.logits import difference
from wergate.timing.balance import Balance
from wergate.timing.paired import Paired
from wergate.verdict import Verdict

_MUCH = 0.05  # share of waiting that is named
_WRONG_OUTPUT = "the time of a wrong result means nothing: run `pytest accuracy/` on this model first"


def is_open(minimum: float | None) -> Callable[[Paired], bool]:
    """Return a predicate: True while the interval of a ratio contains the minimum, so that more rounds are needed.

    It is also True while too many blocks are void. Without a minimum, the predicate is always False.
    """
    return lambda found: (
        minimum is not None and (found.interval.low < minimum <= found.interval.high or not found.balance.enough)
    )


def speedup_verdict(
    found: Paired, minimum: float, *, fast: str, slow: str, scope: str, noise: Sequence[str] = ()
) -> Verdict:
    """Gate the speed-up of one side over the other, by the whole interval of the ratio.

    The verdict is INCONCLUSIVE if the interval contains the minimum, or if the load was on one side in most blocks.

    Args:
        noise: kinds of noise in the times of both sides.
    """
    work = "check in the graph gate whether the work runs in 8 bit, and what changed in the model or the toolchain"
    noisy = f"NOISY ({'; '.join(noise)}): run again on a quiet machine first; then " if noise else ""
    return Verdict(
        gate=f"speedup_over_{slow}",
        subject=fast.upper(),
        value=found.ratio,
        relation=">=",
        threshold=minimum,
        scope=f"{scope}, {found.rounds} interleaved rounds of each{_compiled(found)}",
        remedy=noisy + work,
        kind="latency",
        interval=found.interval,
        undecided=_undecided(found, minimum, fast, slow) if is_open(minimum)(found) else "",
    )


def _compiled(found: Paired) -> str:
    return f" in {found.compilations} compilations" if found.compilations_wanted > 1 else ""


def _undecided(found: Paired, minimum: float, fast: str, slow: str) -> str:
    """Return why a ratio is undecided, and the next step."""
    seen = found.balance
    if not seen.enough:
        return (
            f"the sides saw different load in {seen.void} of {seen.blocks} blocks: {_loads(seen, fast, slow)}: find "
            "out what runs during one side's calls alone, and run again"
        )
    still = f"the interval still contains {minimum:g} after {found.rounds} rounds of each in {found.elapsed_s:.0f} s"
    if max(seen.first or 0.0, seen.second or 0.0) > _MUCH:
        still += f": {_loads(seen, fast, slow)}"
    if found.compilations < found.compilations_wanted:
        return (
            f"{still}; {found.compilations} compilations of each are too few, {found.compilations_wanted} are wanted: "
            "raise budget_s in [benchmarks.paired]"
        )
    return f"{still}: run again on a quieter machine, or raise open_budget_factor in [benchmarks.paired]"


def _loads(seen: Balance, fast: str, slow: str) -> str:
    first, second = (100 * (share or 0.0) for share in (seen.first, seen.second))
    return f"{fast.upper()}'s calls waited for others {first:.0f} % of their time, {slow.upper()}'s {second:.0f} %"


def output_verdict(
    *, reference: Logits, candidate: Logits, sqnr_db_min: float, subject: str, scope: str, engine: str
) -> Verdict:
    """Gate the logits of a timed inference against the reference model's; both have shape (frames, vocabulary)."""
    found = difference(reference=reference, candidate=candidate)
    return Verdict(
        "sqnr_db", subject, found.sqnr_db, ">=", sqnr_db_min, scope, _WRONG_OUTPUT, f"compared with {engine}"
    )


def transcript_verdict(*, reference: str, hypothesis: str, subject: str, scope: str, engine: str) -> Verdict:
    """Gate the transcript of a timed inference: it must equal the reference model's, character by character."""
    differs = int(reference != hypothesis)
    return Verdict("transcript_differs", subject, differs, "==", 0, scope, _WRONG_OUTPUT, f"compared with {engine}")


def same_work_verdict(
    *, accuracy_run: Mapping[str, str], timed: Mapping[str, tuple[str, ...]], subject: str, scope: str
) -> Verdict:
    """Gate the transcripts of timed rounds: each must equal the accuracy run's transcript of the same audio.

    Args:
        accuracy_run: transcript of each utterance in the accuracy run, by id.
        timed: transcripts of each utterance in the timed rounds, by id.
    """
    wrong = [id_ for id_, texts in timed.items() for text in texts if text != accuracy_run[id_]]
    named = f": {', '.join(dict.fromkeys(wrong[:3]))}" if wrong else ""
    return Verdict(
        gate="other_work",
        subject=subject,
        value=len(wrong),
        relation="==",
        threshold=0,
        scope=scope,
        remedy=_WRONG_OUTPUT,
        basis=f"transcripts that differ from the accuracy run's{named}",
    )


class Outputs:
    """Logits of timed calls, stored by digest; rounds with bit-identical logits take no further memory."""

    def __init__(self) -> None:
        self._rounds: Counter[str] = Counter()
        self._logits: dict[str, Logits] = {}

    def keep(self, answer: object) -> None:
        """Store the logits of a call.

        Args:
            answer: float32, shape (batch, frames, vocabulary).
        """
        logits = np.asarray(answer, np.float32)
        digest = hashlib.sha256(logits.tobytes()).hexdigest()
        self._rounds[digest] += 1
        self._logits.setdefault(digest, logits)

    @property
    def distinct(self) -> list[tuple[Logits, int]]:
        """Distinct logits, each with the number of rounds that gave them."""
        return [(self._logits[digest], count) for digest, count in self._rounds.items()]

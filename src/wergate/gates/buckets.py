"""Whether padding to buckets changes anything: the same utterances in buckets and through the dynamic model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wergate.corpora.audio import Samples
from wergate.models.variant import Variant
from wergate.networks.ctc import greedy_decode
from wergate.networks.logits import LogitsDifference, difference, total
from wergate.recognizers.bucketed import BucketedRecognizer
from wergate.verdict import Relation, Verdict

_REMEDY = "--shapes dynamic runs without buckets; look at docs/padding.md, then report it with the versions above"


@dataclass(frozen=True)
class BucketComparison:
    """A corpus's sample in buckets, beside the dynamic model's.

    Attributes:
        utterances: that were compared.
        mismatches: of them, transcribed differently.
        rejected: compilations that had a stream with wrong logits.
        lengths_s: of the buckets, seconds.
        padding: share of the corpus's padded work that is padding.
    """

    utterances: int
    mismatches: int
    logits: LogitsDifference
    rejected: int
    lengths_s: tuple[float, ...]
    padding: float

    def __str__(self) -> str:
        lengths = ", ".join(f"{length:.1f}" for length in self.lengths_s)
        return f"{len(self.lengths_s)} buckets of {lengths} s, {100 * self.padding:.0f} % padding"


def compare_buckets(recognizer: BucketedRecognizer, utterances: Sequence[Samples]) -> BucketComparison:
    """Run utterances in buckets and through the dynamic model; every bucket that they meet has been tried then."""
    frontend, buckets = recognizer.frontend, recognizer.buckets
    in_buckets = recognizer.logits_of(utterances)
    pairs = list(zip(recognizer.loop.logits_of(utterances), in_buckets, strict=True))
    transcripts = [[greedy_decode(logits, frontend.alphabet) for logits in pair] for pair in pairs]
    return BucketComparison(
        len(utterances),
        sum(alone != padded for alone, padded in transcripts),
        total(difference(reference=alone, candidate=padded) for alone, padded in pairs),
        recognizer.rejected,
        tuple(length / frontend.sampling_rate for length in buckets.lengths),
        buckets.padding,
    )


def bucket_verdicts(found: BucketComparison, variant: Variant, *, corpus: str) -> tuple[Verdict, ...]:
    """Gate what padding may change, and that no stream of a compiled model gave wrong logits."""
    thresholds, scope = variant.thresholds, f"{variant.model}, {corpus}, {found}"
    rejected = Verdict(
        gate="rejected_compilations",
        subject=variant.subject,
        value=found.rejected,
        relation="<=",
        threshold=0,
        basis="each stream gives the dynamic model's logits",
        scope=scope,
        remedy="a stream gave wrong logits, and was not used; run on another version of OpenVINO and report it",
    )
    claims: tuple[tuple[str, float, Relation, float | None], ...] = (
        ("bucket_mismatch_rate", found.mismatches / found.utterances, "<=", thresholds.bucket_mismatch_rate_max),
        ("bucket_sqnr_db", found.logits.sqnr_db, ">=", thresholds.bucket_sqnr_db_min),
    )
    return (
        rejected,
        *(
            Verdict(
                gate=gate,
                subject=variant.subject,
                value=value,
                relation=relation,
                threshold=threshold,
                basis=f"{found.utterances} utterances, as the dynamic model has them",
                scope=scope,
                remedy=_REMEDY,
            )
            for gate, value, relation, threshold in claims
            if threshold is not None
        ),
    )

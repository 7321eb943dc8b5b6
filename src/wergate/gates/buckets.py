"""Gates on padding to buckets: the same utterances run in buckets and through the dynamic model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wergate.corpora.audio import Samples
from wergate.models.variant import Variant
from wergate.networks.ctc import greedy_decode
from wergate.networks.logits import LogitsDifference, difference, total
from wergate.recognizers.bucketed import BucketedRecognizer
from wergate.verdict import Relation, Verdict

_REMEDY = (
    "run without buckets (--shapes dynamic), read docs/studies/padding.md, and report the case with the versions above"
)


@dataclass(frozen=True)
class BucketComparison:
    """Comparison of a bucketed recognizer with the dynamic model on a sample of a corpus.

    Attributes:
        utterances: number of utterances compared.
        mismatches: number of them with different transcripts.
        logits: difference of the logits in buckets from those of the dynamic model.
        lengths_s: lengths of the buckets, in seconds.
        padding: share of padding in the corpus's padded work.
    """

    utterances: int
    mismatches: int
    logits: LogitsDifference
    lengths_s: tuple[float, ...]
    padding: float

    def __str__(self) -> str:
        lengths = ", ".join(f"{length:.1f}" for length in self.lengths_s)
        return f"{len(self.lengths_s)} buckets of {lengths} s, {100 * self.padding:.0f} % padding"


def compare_buckets(recognizer: BucketedRecognizer, utterances: Sequence[Samples]) -> BucketComparison:
    """Run utterances in buckets and through the dynamic model, and compare transcripts and logits.

    The buckets of the given utterances are compiled and checked on the way.
    """
    frontend, buckets = recognizer.frontend, recognizer.buckets
    in_buckets = recognizer.logits_of(utterances)
    recognizer.rest()  # the dynamic model has activations of its own, of the same size
    pairs = list(zip(recognizer.dynamic.logits_of(utterances), in_buckets, strict=True))
    transcripts = [[greedy_decode(logits, frontend.alphabet) for logits in pair] for pair in pairs]
    return BucketComparison(
        len(utterances),
        sum(alone != padded for alone, padded in transcripts),
        total(difference(reference=alone, candidate=padded) for alone, padded in pairs),
        tuple(length / frontend.sampling_rate for length in buckets.lengths),
        buckets.padding,
    )


def bucket_verdicts(comparison: BucketComparison, variant: Variant, *, corpus: str) -> tuple[Verdict, ...]:
    """Gate the changes that padding causes."""
    thresholds, scope = variant.thresholds, f"{variant.model}, {corpus}, {comparison}"
    claims: tuple[tuple[str, float, Relation, float | None], ...] = (
        (
            "bucket_mismatch_rate",
            comparison.mismatches / comparison.utterances,
            "<=",
            thresholds.bucket_mismatch_rate_max,
        ),
        ("bucket_sqnr_db", comparison.logits.sqnr_db, ">=", thresholds.bucket_sqnr_db_min),
    )
    return tuple(
        Verdict(
            gate=gate,
            subject=variant.subject,
            value=value,
            relation=relation,
            threshold=threshold,
            basis=f"{comparison.utterances} utterances compared with the dynamic model",
            scope=scope,
            remedy=_REMEDY,
        )
        for gate, value, relation, threshold in claims
        if threshold is not None
    )

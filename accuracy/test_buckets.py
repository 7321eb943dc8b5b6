"""Buckets change nothing: what was padded to a fixed length is transcribed as at its own, by every stream."""

from __future__ import annotations

from fixtures.gates.check import Check
from wergate.corpora.spec import CorpusSpec
from wergate.gates.buckets import BucketComparison, bucket_verdicts
from wergate.models.variant import Variant


def test_buckets_transcribe_as_the_dynamic_model_does(
    in_buckets: BucketComparison, corpus_spec: CorpusSpec, variant: Variant, check: Check
) -> None:
    """A sample of the corpus, spread over durations; FP16 to the last letter, INT8 but for what rounding moves."""
    check(*bucket_verdicts(in_buckets, variant, corpus=corpus_spec.name))

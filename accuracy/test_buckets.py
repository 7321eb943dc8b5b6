"""Padding to buckets changes no transcript: each stream gives the same result as at the utterance's own length."""

from __future__ import annotations

from fixtures.gates.check import Check
from wergate.corpora.spec import CorpusSpec
from wergate.gates.buckets import BucketComparison, bucket_verdicts
from wergate.models.variant import Variant


def test_buckets_transcribe_as_the_dynamic_model_does(
    in_buckets: BucketComparison, corpus_spec: CorpusSpec, variant: Variant, check: Check
) -> None:
    """A sample of the corpus, stratified by duration: FP16 transcripts are identical, INT8 differs only by rounding."""
    check(*bucket_verdicts(in_buckets, variant, corpus=corpus_spec.name))

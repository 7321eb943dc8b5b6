"""Buckets change nothing: what was padded to a fixed length is transcribed as at its own, by every stream."""

from __future__ import annotations

from fixtures.report import Gate
from wergate.config.thresholds import Gates
from wergate.config.variants import subject_of
from wergate.corpora.spec import CorpusSpec
from wergate.gates.buckets import BucketComparison, bucket_verdicts


def test_buckets_transcribe_as_the_dynamic_model_does(
    in_buckets: BucketComparison, model: str, corpus_spec: CorpusSpec, variant: str, gates: Gates, gate: Gate
) -> None:
    """A sample of the corpus, spread over durations; FP16 to the last letter, INT8 but for what rounding moves."""
    gate(*bucket_verdicts(in_buckets, gates, subject=subject_of(variant), scope=f"{model}, {corpus_spec.name}"))

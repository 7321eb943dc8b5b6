"""Buckets and streams change no transcript: padding costs nothing, and each stream gives the same result."""

from __future__ import annotations

import pytest

from fixtures.gates.check import Check
from wergate.corpora.spec import CorpusSpec
from wergate.gates.buckets import BucketComparison, bucket_verdicts
from wergate.gates.streams import stream_verdict
from wergate.models.variant import Variant
from wergate.session.matrix import Cell
from wergate.session.session import Session


def test_buckets_transcribe_as_the_dynamic_model_does(
    in_buckets: BucketComparison, corpus_spec: CorpusSpec, variant: Variant, check: Check
) -> None:
    """A sample of the corpus, stratified by duration: FP16 transcripts are identical, INT8 differs only by rounding."""
    check(*bucket_verdicts(in_buckets, variant, corpus=corpus_spec.name))


def test_streams_repeat_what_they_gave(
    session: Session, cell: Cell, corpus_spec: CorpusSpec, variant: Variant, check: Check
) -> None:
    """After the corpus, each stream repeats its probe, and the worst utterances run on every stream again."""
    repetition = session.evaluations.repetition(cell)
    if repetition is None:
        pytest.skip("no utterance was inferred on a CPU in this run: nothing can be repeated")
    check(stream_verdict(repetition, variant, corpus=corpus_spec.name))

"""Precision that compiled models run in, read back from the runtime, and the gate on it."""

from __future__ import annotations

import pytest

from tests.support.suite_run import Warm
from tests.support.tiny import Tiny
from wergate.gates.ir import precision_verdict
from wergate.networks.ir.precision import RunPrecision
from wergate.session.session import Session
from wergate.verdict import Status


@pytest.fixture(scope="module")
def opened(tiny: Tiny, warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Return a session on the filled cache."""
    return tiny.session(tmp_path_factory.mktemp("precision"), warm.cache)


@pytest.mark.parametrize("name", ["fp16", "int8"])
def test_every_bucket_and_the_dynamic_model_are_read_back(opened: Session, tiny: Tiny, name: str) -> None:
    """One entry for each compiled model: also for those that the store had compiled."""
    model = str(tiny.model)
    variant, spec = opened.models.variant(model, name), opened.corpora.first(model)
    corpus = opened.corpora.corpus(model, spec)
    found = opened.recognizers.precisions(variant, corpus)
    lengths = opened.recognizers.bucketed(variant, corpus).buckets.lengths
    assert [*lengths, None] == [precision.samples for precision in found]
    for precision in found:
        assert ("f32", "f32", ()) == (precision.asked, precision.reported, precision.half)
        assert precision.layers > 50
        assert precision.is_in("f32")
        assert not precision.is_in("bf16")


@pytest.mark.parametrize(
    ("asked", "reported", "half", "wanted", "passes"),
    [
        ("f32", "f32", (), "f32", True),
        ("bf16", "f32", (), "f32", False),
        ("f32", "bf16", (), "f32", False),
        ("f32", "f32", ("layer",), "f32", False),
        ("bf16", "bf16", ("layer",), "bf16", True),
        ("bf16", "f32", (), "bf16", False),
    ],
)
def test_one_compiled_model_in_another_precision_fails(
    opened: Session, tiny: Tiny, asked: str, reported: str, half: tuple[str, ...], wanted: str, passes: bool
) -> None:
    """The requested precision, the reported one and each layer count; the verdict shows the model that differs."""
    variant = opened.models.variant(str(tiny.model), "fp16")
    right = RunPrecision(16_000, wanted, wanted, 80, ())
    other = RunPrecision(None, asked, reported, 80, half)
    verdict = precision_verdict([right, other, right], wanted=wanted, variant=variant, corpus="here")
    assert (verdict.status is Status.PASS) is passes
    if not passes:
        said = f"3 compiled models, {wanted} expected; the one for any length: requested {asked}, runtime reports"
        assert f"{said} {reported}, {len(half)} of 80 layers in half precision" in verdict.line

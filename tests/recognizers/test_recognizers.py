"""Recognizers: PyTorch and OpenVINO give the same logits and reject inputs that are too short."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.suite_run import Warm
from tests.support.tiny import RATE, Tiny, save_model, sound
from wergate.config.variants import REFERENCE
from wergate.errors import InputTooShortError, SuiteError
from wergate.models.checkpoint import load_model, resolve_checkpoint
from wergate.models.processor import load_frontend
from wergate.networks.frontend import Frontend
from wergate.networks.ir.conversion import export
from wergate.recognizers.openvino import OpenVinoRecognizer
from wergate.recognizers.pytorch import PyTorchRecognizer
from wergate.session.session import Session

EVERY = (REFERENCE, "fp16", "int8")


@pytest.fixture(scope="module")
def opened(tiny: Tiny, warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Return a session on the filled cache."""
    return tiny.session(tmp_path_factory.mktemp("recognizers"), warm.cache)


@pytest.mark.parametrize("name", EVERY)
def test_an_input_that_is_too_short_is_rejected(name: str, opened: Session, tiny: Tiny) -> None:
    """Both lengths are in the message; an input with one more sample is accepted."""
    recognizer = opened.recognizer(str(tiny.model), name)
    shortest = recognizer.frontend.shortest_input()
    message = (
        rf"input of {shortest - 1} samples is too short: .* at least {shortest} samples \({shortest / 16:.1f} ms\)"
    )
    with pytest.raises(InputTooShortError, match=message):
        recognizer.logits(np.zeros((1, shortest - 1), np.float32))
    assert 1 == recognizer.logits(np.zeros((1, shortest), np.float32)).shape[1]


@pytest.mark.parametrize("name", EVERY)
def test_an_empty_input_is_rejected(name: str, opened: Session, tiny: Tiny) -> None:
    """An input without samples is too short and causes no crash."""
    with pytest.raises(InputTooShortError, match="input of 0 samples"):
        opened.recognizer(str(tiny.model), name).logits(np.zeros((1, 0), np.float32))


@settings(max_examples=10)
@given(samples=st.integers(2000, 40_000), seed=st.integers(0, 9))
def test_fp16_equals_pytorch(opened: Session, tiny: Tiny, samples: int, seed: int) -> None:
    """Shapes are equal and the logits are close, at any length."""
    waveforms = sound(samples / RATE, seed=seed)[None]
    reference, candidate = (opened.recognizer(str(tiny.model), name).logits(waveforms) for name in EVERY[:2])
    assert (reference.shape, np.float32) == (candidate.shape, candidate.dtype)
    np.testing.assert_allclose(candidate, reference, atol=0.02 * float(np.abs(reference).max()))


@pytest.mark.parametrize("name", EVERY)
def test_a_batch_is_its_rows(name: str, opened: Session, tiny: Tiny) -> None:
    """The logits of an utterance do not depend on the rest of its batch."""
    recognizer = opened.recognizer(str(tiny.model), name)
    batch = np.stack([sound(0.7, seed=1), sound(0.7, seed=2)])
    alone = np.concatenate([recognizer.logits(row[None]) for row in batch])
    np.testing.assert_allclose(recognizer.logits(batch), alone, atol=1e-3)


@pytest.mark.parametrize("name", EVERY)
def test_many_utterances_come_back_in_order(name: str, opened: Session, tiny: Tiny) -> None:
    """Utterances run together give the same logits as one by one, in the order of the utterances."""
    recognizer = opened.recognizer(str(tiny.model), name)
    utterances = [sound(0.3 + 0.1 * (n % 5), seed=n) for n in range(12)]
    together = recognizer.logits_of(utterances)
    for utterance, logits in zip(utterances, together, strict=True):
        np.testing.assert_allclose(logits, recognizer.logits(utterance[None])[0], atol=1e-4)


@pytest.mark.parametrize("name", ["fp16", "int8"])
def test_two_streams_give_what_one_gives(name: str, opened: Session, tiny: Tiny) -> None:
    """The number of streams does not change the logits."""
    path, one = opened.models.ir(str(tiny.model), name).file("model.xml"), opened.recognizer(str(tiny.model), name)
    two = OpenVinoRecognizer(path, one.frontend, device="CPU", inference_precision="f32", streams=2)
    utterances = [sound(0.3 + 0.1 * (n % 3), seed=n) for n in range(9)]
    for expected, found in zip(one.logits_of(utterances), two.logits_of(utterances), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_short_utterance_leaves_no_inference_behind(opened: Session, tiny: Tiny) -> None:
    """A block with an utterance that is too short is rejected before any inference, and the next block runs."""
    recognizer = opened.recognizer(str(tiny.model), "fp16")
    long = sound(60.0, seed=1)
    with pytest.raises(InputTooShortError, match="input of 10 samples"):
        recognizer.logits_of([long, long[:10]])
    (found,) = recognizer.logits_of([long])
    np.testing.assert_array_equal(recognizer.logits(long[None])[0], found)


def test_an_unknown_device_is_rejected(opened: Session, tiny: Tiny) -> None:
    """The message names the device and the available ones."""
    path = opened.models.ir(str(tiny.model), "fp16").file("model.xml")
    with pytest.raises(SuiteError, match=r"device 'TPU' cannot run the model: .*available devices: .*CPU"):
        OpenVinoRecognizer(path, opened.frontend(str(tiny.model)), device="TPU", inference_precision="f32")


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Frontend, PyTorchRecognizer]:
    """Return a model with heads as wide as in the embedded one, for which OpenVINO uses its fused attention."""
    folder = tmp_path_factory.mktemp("wide")
    save_model(folder / "model", hidden_size=192, num_attention_heads=4, intermediate_size=64)
    checkpoint = resolve_checkpoint(str(folder / "model"), folder)
    model = load_model(checkpoint)
    frontend = load_frontend(checkpoint, model)
    export(model, folder / "model.xml")
    return folder / "model.xml", frontend, PyTorchRecognizer(frontend, lambda: model)


@pytest.mark.parametrize("streams", [1, 2])
def test_one_frame_first_is_harmless(wide: tuple[Path, Frontend, PyTorchRecognizer], streams: int) -> None:
    """After a first utterance of a single frame, the logits of later utterances still equal those of PyTorch."""
    path, frontend, pytorch = wide
    recognizer = OpenVinoRecognizer(path, frontend, device="CPU", inference_precision="f32", streams=streams)
    recognizer.logits(np.zeros((1, frontend.shortest_input()), np.float32))
    recognizer.logits_of([np.zeros(frontend.shortest_input(), np.float32)] * streams)
    speech = sound(1.0, seed=3)
    reference = pytorch.logits(speech[None])[0]
    tolerance = 0.02 * float(np.abs(reference).max())
    for found in [recognizer.logits(speech[None])[0], *recognizer.logits_of([speech] * (2 * streams))]:
        np.testing.assert_allclose(found, reference, atol=tolerance)


def test_a_fixed_length_gives_the_same_logits(opened: Session, tiny: Tiny) -> None:
    """A model compiled for one length agrees with the dynamic one; the reference model has no fixed form."""
    speech, model = sound(1.3, seed=4), str(tiny.model)
    fixed, dynamic = opened.recognizer(model, "fp16", samples=len(speech)), opened.recognizer(model, "fp16")
    assert fixed is not dynamic
    np.testing.assert_allclose(fixed.logits(speech[None]), dynamic.logits(speech[None]), atol=1e-4)
    assert opened.recognizer(model, "reference", samples=len(speech)) is opened.recognizer(model, "reference")


def test_without_fused_kernels_int8_is_equal_bit_by_bit(tiny: Tiny, own_warm: Warm, tmp_path: Path) -> None:
    """Static and dynamic shapes agree on an utterance that is as long as its bucket."""
    session = tiny.session(tmp_path, own_warm.cache, buckets__fused="false")
    variant, recognizers = session.variant(str(tiny.model), "int8"), session.recognizers
    assert "DISABLE" == recognizers.static_options(2)["SNIPPETS_MODE"]  # so small a model is equal with them as well
    speech = sound(1.0, seed=5)
    dynamic = recognizers.dynamic(variant)
    found = recognizers.in_buckets(variant, [1.0], lambda: dynamic)
    np.testing.assert_array_equal(found.logits_of([speech])[0], dynamic.logits(speech[None])[0])

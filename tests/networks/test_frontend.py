"""Features, frame geometry and the frontend's file, compared with transformers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from transformers import Wav2Vec2FeatureExtractor

from tests.support.tiny import RATE, Tiny
from wergate.errors import SuiteError
from wergate.models.checkpoint import load_model, resolve_checkpoint
from wergate.models.processor import load_frontend
from wergate.networks.alphabet import Alphabet
from wergate.networks.frontend import Frontend, read_frontend, write_frontend

ALPHABET = Alphabet(("<pad>", "A", "|"), 0, "|")


DATA2VEC = Frontend(RATE, True, 400, 320, ALPHABET)  # noqa: FBT003 - features are normalized


@pytest.fixture(scope="module")
def loaded(tiny: Tiny) -> tuple[Any, Frontend]:
    """Return the tiny model in PyTorch and the frontend of its checkpoint."""
    checkpoint = resolve_checkpoint(str(tiny.model), tiny.model.parent)
    model = load_model(checkpoint)
    return model, load_frontend(checkpoint, model)


@given(samples=st.integers(1, 4000), offset=st.floats(-1, 1), seed=st.integers(0, 99))
def test_features_equal_the_extractor_of_transformers(samples: int, offset: float, seed: int) -> None:
    """Features equal those of Wav2Vec2FeatureExtractor, with and without normalization."""
    waveform = (np.random.default_rng(seed).normal(offset, 0.1, samples)).astype(np.float32)
    for normalize in (True, False):
        extractor = Wav2Vec2FeatureExtractor(sampling_rate=RATE, do_normalize=normalize)
        expected = extractor(waveform, sampling_rate=RATE, return_tensors="np").input_values[0]
        frontend = replace(DATA2VEC, normalize=normalize)
        np.testing.assert_allclose(frontend.features(waveform), expected, rtol=1e-5, atol=1e-5)


def test_silence_has_finite_features() -> None:
    """A variance of zero causes no division by zero."""
    assert np.isfinite(DATA2VEC.features(np.zeros(400, np.float32))).all()


@given(extra=st.integers(0, 5000))
@example(extra=0)
def test_frame_count_equals_the_model(loaded: tuple[Any, Frontend], extra: int) -> None:
    """The formula gives as many frames as the network does."""
    model, frontend = loaded
    samples = frontend.shortest_input() + extra
    with torch.inference_mode():
        frames = model(torch.zeros(1, samples)).logits.shape[1]
    assert frames == frontend.frame_count(samples)


def test_shortest_input_is_exact(loaded: tuple[Any, Frontend]) -> None:
    """The shortest input gives one frame; one sample less gives none, and the network rejects it too."""
    model, frontend = loaded
    shortest = frontend.shortest_input()
    assert (1, 0) == (frontend.frame_count(shortest), frontend.frame_count(shortest - 1))
    with torch.inference_mode(), pytest.raises(RuntimeError, match="Kernel size"):
        model(torch.zeros(1, shortest - 1))


def test_data2vec_needs_400_samples() -> None:
    """The receptive field of the published architecture is 25 ms, its hop 20 ms."""
    assert DATA2VEC.shortest_input() == 400
    assert [0, 1, 1, 2] == [DATA2VEC.frame_count(samples) for samples in (399, 400, 719, 720)]


LAYERS = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 6)), min_size=1, max_size=6)


@given(layers=LAYERS, samples=st.integers(0, 3000))
def test_any_stack_of_convolutions_is_one_receptive_field_and_one_hop(
    layers: list[tuple[int, int]], samples: int
) -> None:
    """The formula gives as many frames as the layers do one by one."""
    receptive_field, hop, frames = 1, 1, samples
    for kernel, stride in layers:
        receptive_field, hop = receptive_field + (kernel - 1) * hop, hop * stride
        frames = max(0, (frames - kernel) // stride + 1)
    assert frames == replace(DATA2VEC, receptive_field=receptive_field, hop=hop).frame_count(samples)


@given(samples=st.integers(0, 3000), local=st.booleans())
def test_used_samples_give_all_frames(samples: int, local: bool) -> None:
    """Only samples after the last whole frame are left out, and only if they change nothing."""
    frontend = replace(DATA2VEC, local=local)
    used = frontend.used_samples(samples)
    assert frontend.frame_count(samples) == frontend.frame_count(used)
    assert (0 if not local or samples < 400 else (samples - 400) % 320) == samples - used


def test_an_encoder_that_merges_frames_needs_that_many() -> None:
    """An encoder that merges two frames needs at least two; three frames are still one vector, four are two."""
    squeezing = replace(DATA2VEC, squeeze=2)
    assert 400 + 320 == squeezing.shortest_input()
    lengths = [400 + 320 * more for more in range(4)]
    assert [0, 2, 3, 4] == [squeezing.frame_count(samples) for samples in lengths]
    assert [False, True, True, False] == [squeezing.is_single(samples) for samples in lengths]
    assert [True, False] == [DATA2VEC.is_single(samples) for samples in lengths[:2]]


def test_file_holds_the_whole_frontend(loaded: tuple[Any, Frontend], tmp_path: Path) -> None:
    """Reading returns the frontend that was written, including labels outside ASCII."""
    alphabet = Alphabet(("<pad>", "Ä", "ß", "|"), 0, "|")
    frontend = replace(DATA2VEC, alphabet=alphabet, local=True, attention_mask=True)
    for written in (frontend, loaded[1]):
        write_frontend(written, tmp_path / "frontend.json")
        assert written == read_frontend(tmp_path / "frontend.json")


@pytest.mark.parametrize("part", [(), ("alphabet",)], ids=["frontend", "alphabet"])
def test_file_of_another_version_is_rejected(part: tuple[str, ...], tmp_path: Path) -> None:
    """The message names a missing or an unknown key, in the frontend and in its alphabet."""
    write_frontend(DATA2VEC, tmp_path / "frontend.json")
    data = json.loads((tmp_path / "frontend.json").read_text())
    holder = data["alphabet"] if part else data
    removed = holder.pop("blank_id" if part else "hop")
    (tmp_path / "frontend.json").write_text(json.dumps(data))
    with pytest.raises(SuiteError, match=r"blank_id missing or unknown" if part else r"hop missing or unknown"):
        read_frontend(tmp_path / "frontend.json")
    holder |= {"blank_id" if part else "hop": removed, "dialect": 1}
    (tmp_path / "frontend.json").write_text(json.dumps(data))
    with pytest.raises(SuiteError, match=r"dialect missing or unknown"):
        read_frontend(tmp_path / "frontend.json")

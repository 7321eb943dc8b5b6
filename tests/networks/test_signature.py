"""Matching the waveform among the inputs and the logits among the outputs, from declarations or by running."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from wergate.errors import SuiteError
from wergate.networks.signature import Feed, Port, Ports, match_signature

VOCABULARY = 5
HOP = 320
Shape = tuple[int | None, ...] | None


def port(name: str, dtype: str, shape: Shape) -> Port:
    return Port(name, name, dtype, shape)


WAVEFORM = port("x", "float32", (None, None))
LOGITS = port("y", "float32", (None, None, VOCABULARY))


def never(_: Feed) -> Sequence[np.ndarray]:
    pytest.fail("the network was run although its declarations were sufficient")


def network(*axes: tuple[str, str]) -> Any:
    """Return a run function whose outputs have these axes: "frames", "vocabulary" or a number."""

    def run(feed: Feed) -> list[np.ndarray]:
        sizes = {"frames": next(iter(feed.values())).shape[-1] // HOP, "vocabulary": VOCABULARY}
        return [np.zeros((1, *(sizes.get(axis) or int(axis) for axis in output)), np.float32) for output in axes]

    return run


@dataclass(frozen=True)
class Fitting:
    """Inputs of a network and the expected feed for a batch of two waveforms of three samples."""

    id: str
    inputs: tuple[Port, ...]
    expected: dict[str, tuple[str, list[Any]]]


ONES = [[1, 1, 1]] * 2
ZEROS = [[0, 0, 0]] * 2
FITTINGS = (
    Fitting("one input", (WAVEFORM,), {"x": ("float32", ZEROS)}),
    Fitting("a channel", (port("x", "float32", (None, 1, None)),), {"x": ("float32", [[[0, 0, 0]]] * 2)}),
    Fitting("half precision", (port("x", "float16", (None, None)),), {"x": ("float16", ZEROS)}),
    *(
        Fitting(
            f"a mask in {dtype}",
            (WAVEFORM, port("attention_mask", dtype, (None, None))),
            {"x": ("float32", ZEROS), "attention_mask": (dtype, ONES)},
        )
        for dtype in ("int32", "int64", "bool", "float32")
    ),
    *(
        Fitting(
            f"a length in {dtype}, first",
            (port("n", dtype, (None,)), WAVEFORM),
            {"x": ("float32", ZEROS), "n": (dtype, [3, 3])},
        )
        for dtype in ("int32", "int64")
    ),
    Fitting(
        "a mask and a length",
        (port("m", "int64", (None, None)), WAVEFORM, port("n", "int64", (None,))),
        {"x": ("float32", ZEROS), "m": ("int64", ONES), "n": ("int64", [3, 3])},
    ),
    Fitting(
        "a mask of floats before the waveform",
        (port("attention_mask", "float32", (None, None)), WAVEFORM),
        {"x": ("float32", ZEROS), "attention_mask": ("float32", ONES)},
    ),
)


@pytest.mark.parametrize("fitting", FITTINGS, ids=lambda fitting: fitting.id)
def test_inputs_are_matched_by_name_type_and_rank(fitting: Fitting) -> None:
    """Every input gets the values that it expects, in its type."""
    signature = match_signature(Ports("net", fitting.inputs, (LOGITS,), never, ones_are_speech=True), VOCABULARY)
    feed = signature.feed(np.zeros((2, 3), np.float32))
    assert fitting.expected == {key: (value.dtype.name, value.tolist()) for key, value in feed.items()}


def framed(samples: np.ndarray) -> np.ndarray:
    """Return the means of successive frames, shape (frames, 1)."""
    return samples[0, : len(samples[0]) // HOP * HOP].reshape(-1, HOP, 1).mean(1)


def zeroing(waveform: np.ndarray, speech: np.ndarray) -> np.ndarray:
    """Set samples of padding to zero."""
    return framed(waveform * speech)


def counting(waveform: np.ndarray, speech: np.ndarray) -> np.ndarray:
    """Take the number of samples of speech from the mask and ignore where they are."""
    return framed(waveform * (np.arange(waveform.shape[1]) < speech.sum()))


def attending(waveform: np.ndarray, speech: np.ndarray) -> np.ndarray:
    """Exclude padding from the attention of each frame, and keep the frames of padding."""
    frames, weights = framed(waveform), framed(speech.astype(np.float32))
    return frames + 0.1 * (frames * weights).sum(0) / weights.sum(0)


def erasing(waveform: np.ndarray, speech: np.ndarray) -> np.ndarray:
    """Give frames of padding no value."""
    return np.where(framed(speech.astype(np.float32)) > 0, framed(waveform), np.nan)


def refusing(*_: np.ndarray) -> np.ndarray:
    """Accept utterances without padding only."""
    raise SuiteError("no padding, please")


def ignoring(waveform: np.ndarray, _: np.ndarray) -> np.ndarray:
    """Have a mask without effect."""
    return framed(waveform)


MASK_NAMES = ("attention_mask", "mask", "padding_mask", "key_padding_mask", "src_key_padding_mask", "m")


@pytest.mark.parametrize("dtype", ["bool", "int64", "float32"])
@pytest.mark.parametrize("name", MASK_NAMES)
@pytest.mark.parametrize("ones", ["speech", "padding"])
@pytest.mark.parametrize("kind", [zeroing, counting, attending, erasing])
def test_the_network_decides_what_ones_in_a_mask_are(kind: Any, ones: str, name: str, dtype: str) -> None:
    """Whatever the mask's name is, it says of all samples that they are speech, and of padding that it is padding."""
    if dtype == "float32" and name == "m":
        pytest.skip("a float input is a mask by its name only")

    def run(feed: Feed) -> list[np.ndarray]:
        speech = feed[name] > 0 if ones == "speech" else feed[name] == 0
        return [np.repeat(kind(feed["x"], speech), VOCABULARY, 1)[None]]

    signature = match_signature(Ports("net", (WAVEFORM, port(name, dtype, (None, None))), (LOGITS,), run), VOCABULARY)
    speech, padding = (1, 0) if ones == "speech" else (0, 1)
    waveforms = np.zeros((2, 3), np.float32)
    for counts, expected in ((None, [speech] * 3), (2, [speech, speech, padding])):
        fed = signature.feed(waveforms, counts)[name]
        assert (dtype, [expected] * 2) == (fed.dtype.name, fed.tolist())


@pytest.mark.parametrize("name", MASK_NAMES)
@pytest.mark.parametrize("kind", [ignoring, refusing])
def test_the_name_decides_where_the_network_does_not(kind: Any, name: str) -> None:
    """A mask whose name says padding is zero for speech, any other is one."""

    def run(feed: Feed) -> list[np.ndarray]:
        return [np.repeat(kind(feed["x"], feed[name]), VOCABULARY, 1)[None]]

    signature = match_signature(Ports("net", (WAVEFORM, port(name, "bool", (None, None))), (LOGITS,), run), VOCABULARY)
    assert ("pad" not in name) == signature.feed(np.zeros((1, 3), np.float32))[name].all()


@dataclass(frozen=True)
class Misfit:
    """A network that is not accepted, and the expected message."""

    id: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    message: str
    axes: tuple[tuple[str, str], ...] = ()


MISFITS = (
    Misfit(
        "log-mel features",
        (port("features", "float32", (None, 80, None)),),
        (LOGITS,),
        r"net takes 'features' float32 \(\?, 80, \?\), which is a spectrogram .*not a waveform; .*\(batch, samples\)",
    ),
    Misfit(
        "features, frames first",
        (port("features", "float32", (None, None, 80)), port("n", "int64", (None,))),
        (LOGITS,),
        r"'features' float32 \(\?, \?, 80\), which is a spectrogram",
    ),
    Misfit(
        "no float input",
        (port("ids", "int64", (None, None)),),
        (LOGITS,),
        r"net has no waveform among its inputs 'ids' int64 \(\?, \?\); a float input .* is accepted",
    ),
    Misfit(
        "a fixed length",
        (port("x", "float32", (1, 30480)),),
        (LOGITS,),
        r"net has a fixed shape: input 'x' float32 \(1, 30480\); .* waveforms of any length.*dynamic axes",
    ),
    Misfit("a fixed batch", (port("x", "float32", (8, None)),), (LOGITS,), r"fixed shape: input 'x' float32 \(8, \?\)"),
    Misfit(
        "a further input",
        (WAVEFORM, port("speaker", "int64", ())),
        (LOGITS,),
        r"net requires 'speaker' int64 \(\) in addition to its waveform 'x'; a mask .* and a length .* are accepted",
    ),
    Misfit(
        "two waveforms",
        (port("dither", "float32", (None, None)), port("audio_signal", "float32", (None, None))),
        (LOGITS,),
        r"requires 'dither' float32 \(\?, \?\) in addition to its waveform 'audio_signal'",
    ),
    Misfit(
        "two further inputs",
        (WAVEFORM, port("state", "float32", (None, 4, None)), port("lens", "float32", (None,))),
        (LOGITS,),
        r"requires 'state' float32 \(\?, 4, \?\), 'lens' float32 \(\?\) in addition",
    ),
    Misfit(
        "no output of three axes",
        (WAVEFORM,),
        (port("embedding", "float32", (None, 256)),),
        r"net has no logits among its outputs 'embedding' float32 \(\?, 256\); .*\(batch, frames, vocabulary\)",
    ),
    Misfit(
        "another vocabulary",
        (WAVEFORM,),
        (port("y", "float32", (None, None, 7)),),
        "net gives 7 values per frame, but there are 5 labels",
    ),
    Misfit(
        "another vocabulary, labels-major",
        (WAVEFORM,),
        (port("y", "float32", (None, 7, None)),),
        "net gives 7 values per frame, but there are 5 labels",
    ),
    Misfit(
        "another vocabulary, observed by running it",
        (WAVEFORM,),
        (port("y", "float32", (None, None, None)),),
        "net gives 7 values per frame, but there are 5 labels",
        (("7", "frames"),),
    ),
    Misfit(
        "frames that do not grow",
        (WAVEFORM,),
        (port("y", "float32", (None, None, None)),),
        r"net gives \(49, 5\) values for both 16000 and 24000 samples; the number of frames must grow",
        (("49", "vocabulary"),),
    ),
)


@pytest.mark.parametrize("misfit", MISFITS, ids=lambda misfit: misfit.id)
def test_a_network_that_cannot_be_matched_is_rejected(misfit: Misfit) -> None:
    """The message is one line with the inputs or outputs of the network, and what is accepted."""
    run = network(*misfit.axes) if misfit.axes else never
    with pytest.raises(SuiteError, match=misfit.message):
        match_signature(Ports("net", misfit.inputs, misfit.outputs, run), VOCABULARY)


@dataclass(frozen=True)
class Layout:
    """Declared outputs, the axes of the real outputs, and the expected position of the logits."""

    id: str
    outputs: tuple[Port, ...]
    axes: tuple[tuple[str, str], ...]
    output: int
    labels_major: bool


FRAMES_MAJOR, LABELS_MAJOR = ("frames", "vocabulary"), ("vocabulary", "frames")
LAYOUTS = (
    Layout("declared", (LOGITS,), (), 0, labels_major=False),
    Layout("declared labels-major", (port("y", "float32", (None, VOCABULARY, None)),), (), 0, labels_major=True),
    *(
        Layout(f"{kind} {labels_major}", (port("y", "float32", shape),), (axes,), 0, labels_major)
        for kind, shape in (("open axes", (None, None, None)), ("open rank", None), ("open batch", (1, None, None)))
        for axes, labels_major in ((FRAMES_MAJOR, False), (LABELS_MAJOR, True))
    ),
    Layout(
        "another output with lengths",
        (port("lengths", "int64", (None,)), port("y", "float32", (None, VOCABULARY, None))),
        (),
        1,
        labels_major=True,
    ),
    Layout(
        "by its name",
        (port("hidden", "float32", (None, None, VOCABULARY)), port("LogProbs", "float32", (None, VOCABULARY, None))),
        (),
        1,
        labels_major=True,
    ),
    Layout(
        "by its size",
        (port("a", "float32", (None, None, 64)), port("b", "float32", (None, None, VOCABULARY))),
        (),
        1,
        labels_major=False,
    ),
)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.id)
def test_the_axes_are_distinguished(layout: Layout) -> None:
    """Declared sizes decide if they can; otherwise the axis that grows between two lengths is that of the frames."""
    run = network(*layout.axes) if layout.axes else never
    signature = match_signature(Ports("net", (WAVEFORM,), layout.outputs, run), VOCABULARY)
    assert (layout.output, layout.labels_major) == (signature.output, signature.labels_major)


def test_equal_axes_are_distinguished() -> None:
    """If one length gives as many frames as there are labels, the other length decides."""
    frames = 16_000 // HOP

    def run(feed: Feed) -> list[np.ndarray]:
        return [np.zeros((1, feed["x"].shape[-1] // HOP, frames), np.float32)]

    outputs = (port("y", "float32", (None, None, None)),)
    assert not match_signature(Ports("net", (WAVEFORM,), outputs, run), frames).labels_major


@pytest.mark.parametrize("labels_major", [False, True])
def test_logits_are_frames_major(labels_major: bool) -> None:
    """Logits are always float32, (batch, frames, vocabulary), with each value at its position."""
    expected = np.arange(2 * 3 * VOCABULARY).reshape(2, 3, VOCABULARY)
    shape = (None, VOCABULARY, None) if labels_major else (None, None, VOCABULARY)
    signature = match_signature(Ports("net", (WAVEFORM,), (port("y", "float32", shape),), never), VOCABULARY)
    given = expected.transpose(0, 2, 1) if labels_major else expected
    found = signature.logits(given.astype(np.float64))
    assert (np.float32, True) == (found.dtype, found.flags.c_contiguous)
    np.testing.assert_array_equal(expected, found)


def test_logits_of_another_vocabulary_are_rejected() -> None:
    """The message has both sizes, also if the real output differs from its declaration."""
    signature = match_signature(Ports("net", (WAVEFORM,), (LOGITS,), never), VOCABULARY)
    with pytest.raises(SuiteError, match="net gives 6 values per frame, but there are 5 labels"):
        signature.logits(np.zeros((1, 4, 6), np.float32))


@pytest.mark.parametrize(("batch", "row_by_row"), [(None, False), (1, True)])
def test_a_fixed_batch_of_one_is_detected(batch: int | None, row_by_row: bool) -> None:
    """A network with a fixed batch of one takes its waveforms row by row."""
    inputs = (port("x", "float32", (batch, None)),)
    assert row_by_row == match_signature(Ports("net", inputs, (LOGITS,), never), VOCABULARY).row_by_row

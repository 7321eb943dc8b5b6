"""IRs that were built elsewhere from the tiny checkpoint, with other masks, lengths, names and layouts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.shipped import section
from tests.support.tiny import LABELS, Tiny, sound
from wergate.config.quantization import QuantizationSettings
from wergate.errors import SuiteError
from wergate.models.checkpoint import load_model, resolve_checkpoint
from wergate.models.processor import load_frontend
from wergate.networks.frontend import Frontend
from wergate.networks.ir.conversion import export, save_ir
from wergate.networks.ir.file import ir_signature
from wergate.quantization.nncf import quantize
from wergate.recognizers.openvino import OpenVinoRecognizer
from wergate.recognizers.pytorch import PyTorchRecognizer

TOLERANCE = 0.02  # fraction of the largest logit, as for the FP16 IR that is built here


@dataclass(frozen=True)
class Origin:
    """The IR of the tiny checkpoint without its mask input, and the checkpoint in PyTorch."""

    path: Path
    frontend: Frontend
    pytorch: PyTorchRecognizer


@pytest.fixture(scope="module")
def origin(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Origin:
    """Return the IR that the candidates are built from."""
    folder = tmp_path_factory.mktemp("origin")
    checkpoint = resolve_checkpoint(str(tiny.model), folder)
    model = load_model(checkpoint)
    export(model, folder / "masked.xml")
    save_ir(unmasked(folder / "masked.xml"), folder / "model.xml")
    frontend = load_frontend(checkpoint, model)
    return Origin(folder / "model.xml", frontend, PyTorchRecognizer(frontend, lambda: model))


def unmasked(path: Path) -> Any:
    """Return the IR with a constant mask of ones; most IRs from elsewhere take only the waveform."""
    import openvino as ov
    from openvino import opset13 as op

    model = ov.Core().read_model(path)
    waveform, mask = model.get_parameters()
    ones = op.broadcast(op.constant(np.int64(1)), op.shape_of(waveform))
    for reader in mask.output(0).get_target_inputs():
        reader.replace_source_output(ones.output(0))
    return ov.Model(model.get_results(), [waveform], "unmasked")


def parts(path: Path) -> tuple[Any, Any, Any]:
    """Read a model and return it with its waveform parameter and its logits."""
    import openvino as ov

    model = ov.Core().read_model(path)
    return model, model.get_parameters()[0], model.get_results()[0].input_value(0)


def assembled(results: Sequence[Any], parameters: Sequence[Any]) -> Any:
    import openvino as ov

    return ov.Model(list(results), list(parameters), "elsewhere")


def renamed(path: Path) -> Any:
    model, _, _ = parts(path)
    model.inputs[0].get_tensor().set_names({"audio_signal"})
    model.outputs[0].get_tensor().set_names({"some_thing"})
    return model


def nameless(path: Path) -> Any:
    model, _, _ = parts(path)
    model.inputs[0].get_tensor().set_names(set())
    model.outputs[0].get_tensor().set_names(set())
    return model


def masked(dtype: str, *, first: bool = False) -> Callable[[Path], Any]:
    """Return a function that adds a mask, which sets excluded samples to zero."""

    def add(path: Path) -> Any:
        import openvino as ov
        from openvino import opset13 as op

        _, waveform, logits = parts(path)
        mask = op.parameter([-1, -1], getattr(ov.Type, dtype), name="attention_mask")
        mask.output(0).get_tensor().set_names({"attention_mask"})
        speech = op.multiply(waveform, op.convert(mask, "f32"))
        for reader in waveform.output(0).get_target_inputs():
            if (
                reader.get_node() != speech.input_value(0).get_node()
                and reader.get_node().get_name() != speech.get_name()
            ):
                reader.replace_source_output(speech.output(0))
        return assembled([op.result(logits)], [mask, waveform] if first else [waveform, mask])

    return add


def with_length(path: Path) -> Any:
    """Add an input for lengths, an output that depends on it, and labels-major logits as the second output."""
    import openvino as ov
    from openvino import opset13 as op

    _, waveform, logits = parts(path)
    length = op.parameter([-1], ov.Type.i64, name="n")
    turned = op.transpose(logits, np.array([0, 2, 1]))
    return assembled([op.result(op.multiply(length, np.int64(2))), op.result(turned)], [length, waveform])


def with_channel(path: Path) -> Any:
    """Change the input's shape to (batch, 1, samples)."""
    import openvino as ov
    from openvino import opset13 as op

    _, waveform, logits = parts(path)
    channel = op.parameter([-1, 1, -1], ov.Type.f32, name="audio")
    squeezed = op.squeeze(channel, np.array([1]))
    for reader in waveform.output(0).get_target_inputs():
        reader.replace_source_output(squeezed.output(0))
    return assembled([op.result(logits)], [channel])


def single(path: Path) -> Any:
    """Fix the batch size at one."""
    model, _, _ = parts(path)
    model.reshape([1, -1])
    return model


CANDIDATES: dict[str, Callable[[Path], Any]] = {
    "other names": renamed,
    "no names": nameless,
    "an int64 mask": masked("i64"),
    "an int32 mask, first": masked("i32", first=True),
    "a mask of booleans": masked("boolean"),
    "a mask of floats, first": masked("f32", first=True),
    "a length, labels-major": with_length,
    "a channel": with_channel,
    "one waveform at a time": single,
}


@pytest.fixture(params=CANDIDATES)
def candidate(request: pytest.FixtureRequest, origin: Origin, tmp_path: Path) -> Path:
    """Return an IR with the checkpoint's logits and another signature."""
    save_ir(CANDIDATES[request.param](origin.path), tmp_path / "candidate.xml")
    return tmp_path / "candidate.xml"


def test_a_candidate_gives_the_checkpoints_logits(candidate: Path, origin: Origin) -> None:
    """With inputs of any name and order, the logits agree for single utterances, in a batch and on two streams."""
    recognizer = OpenVinoRecognizer(candidate, origin.frontend, device="CPU", inference_precision="f32", streams=2)
    utterances = [sound(seconds, seed=seed) for seed, seconds in enumerate((0.3, 0.9, 0.5))]
    for samples, logits in zip(utterances, recognizer.logits_of(utterances), strict=True):
        expected = origin.pytorch.logits(samples[None])[0]
        np.testing.assert_allclose(logits, expected, atol=TOLERANCE * float(np.abs(expected).max()))
    batch = np.stack([sound(0.4, seed=seed) for seed in (5, 6)])
    expected = origin.pytorch.logits(batch)
    np.testing.assert_allclose(recognizer.logits(batch), expected, atol=TOLERANCE * float(np.abs(expected).max()))


def test_a_network_with_more_inputs_is_quantized(origin: Origin, tmp_path: Path) -> None:
    """NNCF gets all inputs."""
    save_ir(masked("i64", first=True)(origin.path), tmp_path / "candidate.xml")
    signature = ir_signature(tmp_path / "candidate.xml", len(LABELS))
    feeds = [signature.feed(origin.frontend.features(sound(0.5, seed=seed))[None]) for seed in range(2)]
    quantize(tmp_path / "candidate.xml", feeds, section(QuantizationSettings), tmp_path / "int8.xml")
    recognizer = OpenVinoRecognizer(tmp_path / "int8.xml", origin.frontend, device="CPU", inference_precision="f32")
    assert np.isfinite(recognizer.logits(sound(0.7, seed=3)[None])).all()


def widened(path: Path) -> Any:
    """Add three labels to the logits."""
    from openvino import opset13 as op

    _, waveform, logits = parts(path)
    return assembled([op.result(op.pad(logits, [0, 0, 0], [0, 0, 3], "constant", np.float32(0)))], [waveform])


def spectral(path: Path) -> Any:
    """Change the input to eighty features per frame."""
    import openvino as ov
    from openvino import opset13 as op

    _, waveform, logits = parts(path)
    mel = op.parameter([-1, 80, -1], ov.Type.f32, name="mel")
    for reader in waveform.output(0).get_target_inputs():
        reader.replace_source_output(op.reduce_mean(mel, np.array([1])).output(0))
    return assembled([op.result(logits)], [mel])


def fixed(path: Path) -> Any:
    model, _, _ = parts(path)
    model.reshape([1, 30_480])
    return model


def embedding(path: Path) -> Any:
    """Change the output to one vector per utterance."""
    from openvino import opset13 as op

    _, waveform, logits = parts(path)
    return assembled([op.result(op.reduce_mean(logits, np.array([1])))], [waveform])


REJECTED = {
    "another vocabulary": (widened, rf"gives {len(LABELS) + 3} values per frame, but there are {len(LABELS)} labels"),
    "features": (spectral, r"\(\?, 80, \?\), which is a spectrogram"),
    "one length": (fixed, r"fixed shape: input .*\(1, 30480\); it must take waveforms of any length"),
    "no frames": (embedding, r"has no logits among its outputs"),
}


@pytest.mark.parametrize("kind", REJECTED)
def test_an_unusable_candidate_is_rejected(kind: str, origin: Origin, tmp_path: Path) -> None:
    """The message has the file's name, and both numbers if numbers differ."""
    change, message = REJECTED[kind]
    save_ir(change(origin.path), tmp_path / "candidate.xml")
    with pytest.raises(SuiteError, match=rf"IR '.*candidate.xml' .*{message}"):
        OpenVinoRecognizer(tmp_path / "candidate.xml", origin.frontend, device="CPU", inference_precision="f32")

"""ONNX files with their labels and external data: how they are found and digested, and messages for missing parts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.networks import Spelling, export
from wergate.errors import SuiteError
from wergate.models.labels import LabelOptions
from wergate.models.onnx import OnnxModel
from wergate.models.onnx_file import OnnxFile, OnnxOptions, open_onnx

LABELS = "<blk> 0\n<space> 1\na 2\nb 3\nc 4\n"


@pytest.fixture
def net(tmp_path: Path) -> Path:
    """Return a network with its labels in the same folder."""
    (tmp_path / "tokens.txt").write_text(LABELS)
    return Spelling(5).export(tmp_path / "net.onnx")


def opened(path: Path, **options: Any) -> OnnxFile:
    return open_onnx(path, OnnxOptions(**options))


def with_external_data(path: Path, location: str = "weights.bin") -> Path:
    """Save a network's weights in a separate file."""
    import onnx
    from onnx.external_data_helper import convert_model_to_external_data

    proto = onnx.load(path)
    convert_model_to_external_data(proto, location=location, size_threshold=0)
    onnx.save(proto, path)
    return path


def test_name_and_size_come_from_the_file(net: Path) -> None:
    """The name is the file's stem, the size is that of the file."""
    file = opened(net)
    assert ("net", net.stat().st_size, ["tokens.txt"]) == (file.name, file.weight_bytes, list(file.processor_files))


def test_external_data_belongs_to_the_model(net: Path) -> None:
    """Size and digest include external data, and the model runs with it."""
    expected = OnnxModel(opened(net)).frontend()
    separate = opened(with_external_data(net))
    assert net.stat().st_size + (net.parent / "weights.bin").stat().st_size == separate.weight_bytes
    model = OnnxModel(separate)
    assert expected == model.frontend()
    model.convert(net.with_suffix(".xml"))
    data = bytearray((net.parent / "weights.bin").read_bytes())
    data[-1] ^= 1
    (net.parent / "weights.bin").write_bytes(data)
    assert separate.digest != opened(net).digest


def test_missing_external_data_is_rejected(net: Path) -> None:
    """The message has the file's name and the folder where it should be."""
    with_external_data(net)
    (net.parent / "weights.bin").unlink()
    with pytest.raises(
        SuiteError, match=r"model 'net.onnx' has external data in 'weights.bin', which is not in '.*'; copy it"
    ):
        opened(net)


def test_truncated_external_data_is_rejected(net: Path) -> None:
    """A truncated copy is rejected before a runtime maps it into memory."""
    with_external_data(net)
    weights = net.parent / "weights.bin"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(SuiteError, match=r"needs \d+ bytes of external data in 'weights.bin', but the file has \d+"):
        opened(net)


def test_external_data_elsewhere_is_rejected(net: Path) -> None:
    """A file may not refer to data outside its folder."""
    import onnx

    proto = onnx.load(with_external_data(net), load_external_data=False)
    for tensor in proto.graph.initializer:
        tensor.external_data[0].value = "../../etc/passwd"
    net.write_bytes(proto.SerializeToString())
    with pytest.raises(SuiteError, match=r"refers to external data '../../etc/passwd' outside its folder"):
        opened(net)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x7fELF no network", "model 'net.onnx' is not an ONNX file: .*; a complete file is needed; check --model"),
        (b"", "model 'net.onnx' is not an ONNX file: it has no operations"),
        (b"version https://git-lfs.github.com/spec/v1\n", r"not an ONNX file: it is a Git LFS pointer .*git lfs pull"),
    ],
    ids=["another file", "an empty file", "a pointer of Git LFS"],
)
def test_a_file_of_another_format_is_rejected(content: bytes, message: str, net: Path) -> None:
    """It is rejected before anything is loaded."""
    net.write_bytes(content)
    with pytest.raises(SuiteError, match=message):
        opened(net)


QUANTIZED = {
    "QDQ": ["QuantizeLinear", "DequantizeLinear"],
    "weights only": ["DequantizeLinear"],
    "dynamic": ["DynamicQuantizeLinear", "MatMulInteger", "ConvInteger"],
    "operators of integers": ["QLinearConv", "QLinearMatMul"],
    "ONNX Runtime's own": ["DynamicQuantizeMatMul", "QAttention", "MatMulNBits", "QGemm", "MatMulIntegerToFloat"],
}


@pytest.mark.parametrize("kind", [f"{kind}: {op}" for kind, ops in QUANTIZED.items() for op in ops])
def test_a_quantized_file_is_no_reference(kind: str, net: Path) -> None:
    """It is refused by the operations of quantization, in inner graphs too."""
    import onnx

    operation = kind.rpartition(" ")[2]
    proto = onnx.load(net)
    inner = onnx.helper.make_graph([onnx.helper.make_node(operation, ["x"], ["q"])], "inner", [], [])
    proto.graph.node.extend(
        [
            onnx.helper.make_node(operation, ["x.1"], ["q"]),
            onnx.helper.make_node("If", ["c"], ["i"], then_branch=inner, else_branch=inner),
        ]
    )
    net.write_bytes(proto.SerializeToString())
    with pytest.raises(SuiteError, match=rf"model 'net.onnx' is quantized already \(3 {operation}\); a reference is"):
        opened(net)


def test_weights_in_8_bits_are_no_reference(net: Path) -> None:
    """Whatever operations turn them back; a small constant of integers is not a weight."""
    import numpy as np
    import onnx

    proto = onnx.load(net)
    constants = {"shape": np.zeros((2, 2), np.int8), "bytes": np.zeros(999, np.uint8)}
    proto.graph.initializer.extend(onnx.numpy_helper.from_array(array, name) for name, array in constants.items())
    net.write_bytes(proto.SerializeToString())
    assert "net" == opened(net).name
    proto.graph.initializer.append(onnx.numpy_helper.from_array(np.zeros((16, 16), np.int8), "w"))
    net.write_bytes(proto.SerializeToString())
    with pytest.raises(SuiteError, match=r"is quantized already \(1 weights in INT8\).*--candidate"):
        opened(net)


def test_a_truncated_file_is_rejected(net: Path) -> None:
    """A truncated copy is not a model."""
    net.write_bytes(net.read_bytes()[:-200])
    with pytest.raises(SuiteError, match=r"model 'net.onnx' is not an ONNX file|cannot be loaded by ONNX Runtime"):
        OnnxModel(opened(net)).frontend()


NEITHER = "no preprocessor_config.json or processor_config.json next to it"


@pytest.mark.parametrize(
    ("files", "options", "note"),
    [
        pytest.param({}, {}, f"16 kHz, as is ({NEITHER})", id="no file"),
        pytest.param({"preprocessor_config.json": {}}, {}, "16 kHz, as is (preprocessor_config.json)", id="empty file"),
        pytest.param(
            {"preprocessor_config.json": {"do_normalize": True, "sampling_rate": 8000}},
            {},
            "8 kHz, normalized to zero mean and unit variance (preprocessor_config.json)",
            id="transformers 4",
        ),
        pytest.param(
            {"processor_config.json": {"feature_extractor": {"do_normalize": True, "sampling_rate": 11_025}}},
            {},
            "11.025 kHz, normalized to zero mean and unit variance (processor_config.json)",
            id="transformers 5",
        ),
        pytest.param(
            {}, {"sampling_rate": 8000}, f"8 kHz, as is (sampling_rate of the suite file, {NEITHER})", id="an option"
        ),
        pytest.param(
            {"processor_config.json": {"feature_extractor": {"do_normalize": True, "sampling_rate": 8000}}},
            {"normalize_audio": False},
            "8 kHz, as is (normalize_audio of the suite file, processor_config.json)",
            id="an option and a file",
        ),
        pytest.param(
            {"processor_config.json": {"feature_extractor": {"do_normalize": False}}},
            {"sampling_rate": 16_000, "normalize_audio": True},
            "16 kHz, normalized to zero mean and unit variance (sampling_rate and normalize_audio of the suite file)",
            id="all options",
        ),
    ],
)
def test_how_audio_is_prepared_is_noted(files: dict[str, Any], options: dict[str, Any], note: str, net: Path) -> None:
    """The note has the rate, whether audio is normalized, and what says so."""
    for name, content in files.items():
        (net.parent / name).write_text(json.dumps(content))
    assert [f"audio: {note}"] == list(OnnxModel(opened(net, **options)).notes)


def test_a_missing_file_is_rejected(tmp_path: Path) -> None:
    """The message has its path and the nearest name in its folder."""
    with pytest.raises(SuiteError, match=r"model '.*none.onnx' does not exist; an .onnx file is accepted"):
        opened(tmp_path / "none.onnx")
    (tmp_path / "none2.onnx").touch()
    with pytest.raises(SuiteError, match=r"none.onnx' does not exist \(did you mean 'none2.onnx'\?\); an .onnx file"):
        opened(tmp_path / "none.onnx")


def test_the_digest_covers_all_files_and_options(net: Path) -> None:
    """The digest changes with any label, setting or option, and only then."""
    digests = [opened(net).digest, opened(net, sampling_rate=8000).digest, opened(net, normalize_audio=True).digest]
    assert digests[0] == opened(net).digest
    digests.append(opened(net, labels=LabelOptions(blank="1")).digest)
    (net.parent / "preprocessor_config.json").write_text('{"sampling_rate": 8000}')
    digests.append(opened(net).digest)
    (net.parent / "tokens.txt").write_text(LABELS.replace("a 2", "x 2"))
    digests.append(opened(net).digest)
    assert len(digests) == len(set(digests))


def test_the_digest_does_not_depend_on_the_folder(net: Path, tmp_path: Path) -> None:
    """A model in another folder has the same digest."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for path in (net, net.parent / "tokens.txt"):
        (elsewhere / path.name).write_bytes(path.read_bytes())
    assert opened(net).digest == opened(elsewhere / net.name).digest


@pytest.mark.parametrize(
    ("name", "settings", "options", "expected"),
    [
        ("preprocessor_config.json", {}, {}, (16_000, False)),
        ("preprocessor_config.json", {"sampling_rate": 8000, "do_normalize": True}, {}, (8000, True)),
        ("processor_config.json", {"feature_extractor": {"sampling_rate": 8000}}, {}, (8000, False)),
        (
            "preprocessor_config.json",
            {"sampling_rate": 8000, "do_normalize": True},
            {"sampling_rate": 22_050},
            (22_050, True),
        ),
        ("preprocessor_config.json", {"do_normalize": True}, {"normalize_audio": False}, (16_000, False)),
    ],
)
def test_options_override_the_preprocessor_file(
    name: str, settings: dict[str, Any], options: dict[str, Any], expected: tuple[int, bool], net: Path
) -> None:
    """Rate and normalization come from the options, else the preprocessor file, else 16 kHz without normalization."""
    (net.parent / name).write_text(json.dumps(settings))
    file = opened(net, **options)
    assert expected == (file.sampling_rate, file.normalize_audio)
    frontend = OnnxModel(file).frontend()
    assert expected == (frontend.sampling_rate, frontend.normalize)


def test_a_broken_preprocessor_file_is_rejected(net: Path) -> None:
    """The message has its path."""
    (net.parent / "preprocessor_config.json").write_text("{")
    with pytest.raises(SuiteError, match=r"preprocessor_config.json' cannot be read"):
        _ = opened(net).sampling_rate


def test_a_network_that_fails_is_rejected_with_the_reason(tmp_path: Path) -> None:
    """The network was exported for one length, although its axes are declared as dynamic."""
    import torch

    class Fixed(torch.nn.Module):
        def forward(self, waveform: Any) -> Any:
            return waveform.reshape(1, 25, 640)[:, :, :5]

    (tmp_path / "tokens.txt").write_text(LABELS)
    path = export(Fixed(), tmp_path / "net.onnx", {"x": torch.zeros(1, 16_000)}, ["y"])
    with pytest.raises(
        SuiteError, match=r"model 'net.onnx' fails in ONNX Runtime on 'x' \[1, 24000\]: .*; check its e"
    ):
        OnnxModel(opened(path)).frontend()


def test_a_network_that_needs_more_than_a_second_is_rejected(net: Path) -> None:
    """The message has the runtime's reason; here the sampling rate is too low."""
    Spelling(5, wanted=12_000, declared=True).export(net)
    with pytest.raises(
        SuiteError, match=r"model 'net.onnx' fails in ONNX Runtime on 'x.1' \[1, 8000\]: .*; check its e"
    ):
        OnnxModel(opened(net, sampling_rate=8000)).frontend()


def test_an_operation_that_openvino_does_not_support_is_rejected(tmp_path: Path) -> None:
    """The message has the operation's name."""
    import onnx
    from onnx import TensorProto, helper

    (tmp_path / "tokens.txt").write_text(LABELS)
    node = helper.make_node("Unheard", ["x"], ["y"], domain="some.where")
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (("x", "bn"), ("y", "bfv"))
    ]
    graph = helper.make_graph([node], "net", ports[:1], ports[1:])
    onnx.save(helper.make_model(graph), tmp_path / "net.onnx")
    model = OnnxModel(opened(tmp_path / "net.onnx"))
    with pytest.raises(SuiteError, match=r"model 'net' cannot be converted by OpenVINO: .*Unheard"):
        model.convert(tmp_path / "net.xml")
    with pytest.raises(SuiteError, match=r"model 'net.onnx' cannot be loaded by ONNX Runtime: .*; check --model"):
        model.frontend()

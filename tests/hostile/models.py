"""ONNX files, IRs and checkpoints that attack."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.support.tiny import LABELS
from wergate.models.checkpoint import float32_bytes, resolve_checkpoint
from wergate.models.label_files import find_label_files
from wergate.models.onnx_file import OnnxOptions, open_onnx
from wergate.networks.ir.file import read_ir


def _onnx(folder: Path, location: str, **entries: Any) -> None:
    from onnx import TensorProto, helper

    weight = helper.make_tensor("w", TensorProto.FLOAT, [4], [1, 2, 3, 4])
    weight.ClearField("float_data")
    weight.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        weight.external_data.add(key=key, value=str(value))
    node = helper.make_node("Add", ["x", "w"], ["y"])
    port = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in "xy"]
    graph = helper.make_graph([node], "g", port[:1], port[1:], [weight])
    (folder / "model.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    (folder / "vocab.json").write_text(json.dumps({label: number for number, label in enumerate(LABELS)}))
    open_onnx(folder / "model.onnx", OnnxOptions())


def data_upwards(folder: Path) -> None:
    """Have external data in a folder above."""
    _onnx(folder, "../../etc/passwd")


def data_absolute(folder: Path) -> None:
    """Have external data at an absolute path."""
    _onnx(folder, "/etc/passwd")


def data_linked(folder: Path) -> None:
    """Have external data behind a link out of the folder."""
    (folder / "weights").symlink_to("/etc/passwd")
    _onnx(folder, "weights")


def data_with_nul(folder: Path) -> None:
    """Have external data at a name with a NUL."""
    _onnx(folder, "a\0b")


def data_with_long_name(folder: Path) -> None:
    """Have external data at a name of 4,000 characters."""
    _onnx(folder, "a" * 4000)


def data_with_word_offset(folder: Path) -> None:
    """State an offset that is a word."""
    (folder / "weights").write_bytes(bytes(16))
    _onnx(folder, "weights", offset="x")


def data_with_negative_offset(folder: Path) -> None:
    """State an offset below 0."""
    (folder / "weights").write_bytes(bytes(16))
    _onnx(folder, "weights", offset=-16, length=16)


def data_of_a_folder(folder: Path) -> None:
    """Have the folder itself as external data."""
    _onnx(folder, ".")


def labels_of_lists(folder: Path) -> None:
    """Nest lists 100,000 deep in a label file."""
    (folder / "vocab.json").write_text("[" * 100_000)
    find_label_files(folder / "model.onnx", None).read()


def labels_with_large_ids(folder: Path) -> None:
    """Give a label the number 10^18."""
    (folder / "vocab.json").write_text(json.dumps({"A": 0, "B": 10**18}))
    find_label_files(folder / "model.onnx", None).read()


_HEAD = '<?xml version="1.0"?>'
_PORT = '<port id="0" precision="FP32" names="x"><dim>1</dim><dim>4</dim></port>'


def _ir(folder: Path, xml: str, weights: bytes = bytes(16)) -> None:
    (folder / "model.xml").write_text(xml, encoding="utf-8")
    (folder / "model.bin").write_bytes(weights)
    read_ir(folder / "model.xml")


def _network(shape: str = "1,4", size: int = 16, offset: int = 0, edges: str = "", dims: str = "") -> str:
    dims = dims or "".join(f"<dim>{dim}</dim>" for dim in shape.split(","))
    port = f'<port id="%d" precision="FP32">{dims}</port>'
    return (
        f'{_HEAD}<net name="n" version="11"><layers>'
        f'<layer id="0" name="c" type="Const" version="opset1"><data element_type="f32" shape="{shape}" '
        f'offset="{offset}" size="{size}"/><output>{port % 0}</output></layer>'
        f'<layer id="1" name="r" type="ReLU" version="opset1"><input>{port % 0}</input>'
        f"<output>{port % 1}</output></layer>"
        f'<layer id="2" name="y" type="Result" version="opset1"><input>{port % 0}</input></layer></layers>'
        f"<edges>{edges or _EDGES}</edges></net>"
    )


_EDGES = (
    '<edge from-layer="0" from-port="0" to-layer="1" to-port="0"/>'
    '<edge from-layer="1" from-port="1" to-layer="2" to-port="0"/>'
)


def ir_of_entities(folder: Path) -> None:
    """Declare entities that grow to 10^9 characters, in a DTD."""
    names = "abcdefghi"
    grown = "".join(f'<!ENTITY {a} "{f"&{b};" * 10}">' for b, a in pairwise(names))
    _ir(folder, f'{_HEAD}<!DOCTYPE net [<!ENTITY a "lol">{grown}]><net name="&i;" version="11"/>')


def ir_with_file_entity(folder: Path) -> None:
    """Declare an entity that is a file of the system."""
    _ir(folder, f'{_HEAD}<!DOCTYPE net [<!ENTITY a SYSTEM "file:///etc/passwd">]><net name="&a;" version="11"/>')


def ir_beyond_weights(folder: Path) -> None:
    """Have a constant that starts beyond the weights."""
    _ir(folder, _network(offset=2**40))


def ir_with_overflow(folder: Path) -> None:
    """Have a constant whose offset and size overflow 64 bits."""
    _ir(folder, _network(offset=2**64 - 8, size=16))


def ir_of_a_cycle(folder: Path) -> None:
    """Have an operation that is its own input."""
    edge = '<edge from-layer="1" from-port="1" to-layer="1" to-port="0"/>'
    _ir(folder, _network(edges=edge + _EDGES.split("/>")[1] + "/>"))


def ir_of_huge_shape(folder: Path) -> None:
    """Have a constant of 2^62 numbers in 16 bytes."""
    _ir(folder, _network(shape="2147483648,2147483648"))


def ir_of_noise(folder: Path) -> None:
    """Have a layer id that is a word."""
    _ir(folder, _network().replace('layer id="1"', 'layer id="99999999999999999999"'))


def _checkpoint(folder: Path, config: str, weights: bytes) -> None:
    (folder / "config.json").write_text(config, encoding="utf-8")
    (folder / "vocab.json").write_text(json.dumps({label: number for number, label in enumerate(LABELS)}))
    (folder / "preprocessor_config.json").write_text('{"sampling_rate": 16000}')
    (folder / "model.safetensors").write_bytes(weights)
    checkpoint = resolve_checkpoint(str(folder), folder)
    float32_bytes(checkpoint)


_CONFIG = '{"model_type": "wav2vec2", "architectures": ["Wav2Vec2ForCTC"]%s}'


def checkpoint_with_code(folder: Path) -> None:
    """Ask for custom code, in a key that is spelled with an escape."""
    _checkpoint(folder, _CONFIG % ', "\\u0061uto_map": {"AutoModelForCTC": "evil.Model"}', b"")


def checkpoint_of_deep_lists(folder: Path) -> None:
    """Nest lists 100,000 deep in the configuration."""
    _checkpoint(folder, "[" * 100_000, b"")


def weights_of_a_pickle(folder: Path) -> None:
    """Give a pickle that runs a program the name of safetensors."""
    _checkpoint(folder, _CONFIG % "", b"\x80\x04cposix\nsystem\n(S'touch /tmp/pwned'\ntR.")


def weights_with_a_long_header(folder: Path) -> None:
    """Say a header of 2^60 bytes in safetensors."""
    _checkpoint(folder, _CONFIG % "", (2**60).to_bytes(8, "little") + b"{}")

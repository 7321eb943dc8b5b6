"""Short names of layers for the terminal; results and suite files hold the full ones."""

from __future__ import annotations

import re

_FULL = re.compile(r"(?:__module\.|/)[\w./:]*[\w:]")  # as PyTorch's tracer writes layers, or as ONNX does
_TRACER = "__module."
_NO_NEWS = {"layers", "conv_layers"}  # the number that follows says it
_SHORTER = {
    "feed_forward.intermediate_dense": "fc1",
    "feed_forward.output_dense": "fc2",
    "scaled_dot_product_attention": "",
}


def short_layer_names(text: str) -> str:
    """Return a text with every layer called by its block and its function.

    `__module.model.encoder.layers.3.feed_forward.intermediate_dense/aten::linear/MatMul` becomes `encoder.3.fc1`. An
    operation outside of a named module keeps its last name: `encoder.3.Add_1`.
    """
    return _FULL.sub(lambda match: _short(match[0]), text)


def _short(name: str) -> str:
    if name.startswith(_TRACER):
        path, _, operation = name.removeprefix(_TRACER).partition("/")
        modules = path.split(".")
    else:
        *folders, operation = name.strip("/").split("/")
        modules = ".".join(folders).split(".")
        if not any(part.isdigit() for part in modules):
            return name  # a file's path, or a layer without a block: nothing is gained
    last = operation.rpartition("/")[2]
    inside = modules[1:] if len(modules) > 2 else modules  # the first one is the model  # noqa: PLR2004
    kept = [part for part in inside if part not in _NO_NEWS]
    short = ".".join(kept)
    for long, replacement in _SHORTER.items():
        short = short.replace(long, replacement)
    return f"{short}.{last}" if kept[-1:] and kept[-1].isdigit() and last else short or name

"""Double the weight scale of one layer of an INT8 IR: `python double_scale.py FOLDER OUT [--layer NAME]`.

FOLDER has the IR, as `--export` writes it. The gates must notice the damaged copy in OUT.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import openvino as ov

LAYER = "encoder.layers.0.feed_forward.output_dense"


def scales_of(model: ov.Model, layer: str) -> ov.Node:
    """Return the multiplication of a layer's integers by their scales."""
    for op in model.get_ordered_ops():
        if layer in op.get_friendly_name() and op.get_type_name() in {"MatMul", "Convolution"}:
            scaled = op.input_value(1).get_node()
            if scaled.get_type_name() == "Multiply":
                return scaled
    raise SystemExit(f"no layer in 8 bit has '{layer}' in its name; name another one with --layer")


def main() -> None:
    """Read the IR, double the scale, and write the copy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--layer", default=LAYER)
    asked = parser.parse_args()
    model = ov.Core().read_model(next(asked.folder.glob("*.xml")))
    scaled = scales_of(model, asked.layer)
    values = np.asarray(scaled.input_value(1).get_node().data, np.float32)
    scaled.input(1).replace_source_output(ov.opset13.constant(2 * values).output(0))
    asked.out.mkdir(parents=True, exist_ok=True)
    ov.save_model(model, asked.out / "damaged.xml", compress_to_fp16=False)


if __name__ == "__main__":
    main()

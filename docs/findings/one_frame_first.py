import numpy as np
import openvino as ov
import openvino.opset13 as op


def attention():
    x = op.parameter([-1, -1, 192], ov.Type.f32)
    heads = op.transpose(op.reshape(x, np.array([0, 0, 4, 48]), True), np.array([0, 2, 1, 3]))
    scores = op.softmax(op.multiply(op.matmul(heads, heads, False, True), np.float32(48**-0.5)), -1)
    mixed = op.transpose(op.matmul(scores, heads, False, False), np.array([0, 2, 1, 3]))
    return ov.Model([op.reshape(mixed, np.array([0, 0, 192]), True)], [x])


def expected(x):
    heads = x.reshape(1, -1, 4, 48).transpose(0, 2, 1, 3)
    scores = np.exp(heads @ heads.transpose(0, 1, 3, 2) * 48**-0.5)
    return (scores / scores.sum(-1, keepdims=True) @ heads).transpose(0, 2, 1, 3).reshape(x.shape)


x = np.random.default_rng(0).standard_normal((1, 50, 192), np.float32)
for first in (50, 2, 1):
    compiled = ov.Core().compile_model(attention(), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    compiled(x[:, :first])
    print(f"first inference of {first} frames: max error {np.abs(compiled(x)[0] - expected(x)).max():.2g}")

import sys
import time
from collections import deque

import numpy as np
import openvino as ov

try:
    import openvino.opset13 as op
except ImportError:  # before 2025
    import openvino.runtime.opset13 as op

WIDTH, HEADS = 96, 4


def layer(seed, frames):
    """A transformer layer behind a grouped convolution, its weights in FP16."""
    generator = np.random.default_rng(seed)

    def weights(*shape):
        scale = np.prod(shape[1:]) ** -0.5 if len(shape) > 1 else 0.1
        return op.convert(op.constant((generator.standard_normal(shape) * scale).astype(np.float16)), np.float32)

    def linear(x, wide, wider):
        return op.add(op.matmul(x, weights(wider, wide), False, True), weights(wider))

    def heads(x):
        return op.transpose(op.reshape(x, np.array([0, 0, HEADS, WIDTH // HEADS]), True), np.array([0, 2, 1, 3]))

    x = op.parameter([1, frames, WIDTH], np.float32)
    turn = np.array([0, 2, 1])
    positions = op.group_convolution(op.transpose(x, turn), weights(4, 24, 24, 9), [1], [4], [4], [1])
    h = op.add(x, op.transpose(op.gelu(positions, "erf"), turn))
    queries, keys, values = (heads(linear(h, WIDTH, WIDTH)) for _ in range(3))
    scores = op.softmax(op.multiply(op.matmul(queries, keys, False, True), np.float32(24**-0.5)), -1)
    mixed = op.transpose(op.matmul(scores, values, False, False), np.array([0, 2, 1, 3]))
    h = op.add(h, linear(op.reshape(mixed, np.array([0, 0, WIDTH]), True), WIDTH, WIDTH))
    normal = op.mvn(h, np.array([-1]), True, 1e-5, "inside_sqrt")
    return ov.Model([op.add(h, linear(op.gelu(linear(normal, WIDTH, 192), "erf"), 192, WIDTH))], [x])


core, alive, wrong, compilations, inferences = ov.Core(), deque(maxlen=8), 0, 0, 0
generator = np.random.default_rng(0)
ends = time.monotonic() + float(sys.argv[1])
while time.monotonic() < ends:
    seed, frames = int(generator.integers(3)), int(generator.choice([49, 149, 249]))
    inputs = generator.standard_normal((4, 1, frames, WIDTH)).astype(np.float32)
    options = {"INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": "1", "INFERENCE_NUM_THREADS": "1"}
    single = core.compile_model(layer(seed, frames), "CPU", options).create_infer_request()
    answers = [single.infer({0: one}, share_inputs=False)[0].copy() for one in inputs]
    options = {"INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": "2", "PERFORMANCE_HINT": "THROUGHPUT"}
    compiled = core.compile_model(layer(seed, frames), "CPU", options)
    requests = [compiled.create_infer_request() for _ in inputs]
    alive.append((compiled, requests))
    differ = 0
    for _ in range(3):
        for request, one in zip(requests, inputs):
            request.start_async({0: one})
        for request, answer in zip(requests, answers):
            request.wait()
            differ += not np.array_equal(request.get_output_tensor(0).data, answer)
    compilations, inferences, wrong = compilations + 1, inferences + 12, wrong + bool(differ)
print(f"OpenVINO {ov.__version__}: {wrong} of {compilations} compilations wrong, {inferences} inferences")

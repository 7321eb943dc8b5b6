import nncf
import numpy as np
import openvino as ov
import openvino.opset13 as op

rng = np.random.default_rng(0)
batches = [rng.standard_normal((1, 64), np.float32) * np.linspace(0.1, 9, 64, dtype=np.float32) for _ in range(8)]


def network():
    x = op.parameter([1, 64], ov.Type.f32)
    hidden = op.relu(op.matmul(x, rng.standard_normal((64, 64)).astype(np.float32), False, True))
    return ov.Model([op.matmul(hidden, rng.standard_normal((8, 64)).astype(np.float32), False, True)], [x])


def all_reverted(model, smoothing):
    calls = []

    def metric(compiled, items):  # the first two calls see the original; later ones look worse
        calls.append(len(list(items)))
        return (1.0 if len(calls) < 3 else 0.0), [0.0] * calls[-1]

    alphas = nncf.AdvancedSmoothQuantParameters() if smoothing else nncf.AdvancedSmoothQuantParameters(matmul=-1)
    return nncf.quantize_with_accuracy_control(
        model,
        nncf.Dataset(batches),
        nncf.Dataset(batches),
        metric,
        max_drop=0.0,
        model_type=nncf.ModelType.TRANSFORMER,
        advanced_quantization_parameters=nncf.AdvancedQuantizationParameters(smooth_quant_alphas=alphas),
    )


original = network()
F32 = {"INFERENCE_PRECISION_HINT": "f32"}
expected = ov.compile_model(original, "CPU", F32)(batches[0])[0]
for smoothing in (True, False):
    reverted = all_reverted(original.clone(), smoothing)
    kept = sum(operation.get_type_name() == "FakeQuantize" for operation in reverted.get_ops())
    found = ov.compile_model(reverted, "CPU", F32)(batches[0])[0]
    difference, largest = abs(found - expected).max(), abs(expected).max()
    print(f"smoothing {smoothing}: {kept} FakeQuantize left, largest difference {difference:.3g} of {largest:.3g}")

import numpy as np
import openvino as ov
import openvino.opset13 as op

x = op.parameter([-1, -1], ov.Type.f32)
compiled = ov.Core().compile_model(ov.Model([op.multiply(op.sin(x), np.float32(2))], [x]), "CPU", {"NUM_STREAMS": 1})
first, second = compiled.create_infer_request(), compiled.create_infer_request()

mine = np.zeros((1, 8), np.float32)
first.infer({0: mine}, share_inputs=True)
second.infer({0: np.ones((1, 5), np.float32)}, share_inputs=False)
print(mine)

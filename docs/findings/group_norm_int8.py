import nncf
import numpy as np
import openvino as ov
import torch


class Masked(torch.nn.Module):
    """A convolution over a waveform, and a group norm whose statistics leave out padding."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Conv1d(1, 16, 10, 5, bias=False)
        self.second = torch.nn.Conv1d(16, 16, 8, 4, bias=False)
        self.weight = torch.nn.Parameter(1 + torch.rand(16))
        self.bias = torch.nn.Parameter(torch.rand(16))

    def forward(self, wave, frames):
        x = self.first(wave[:, None])
        counts = (torch.arange(x.shape[2])[None] < frames[:, None]).to(torch.float32)
        share = (counts / frames[:, None])[:, None]  # 1 / frames, and 0 for padding
        centred = x - (x * share).sum(2, keepdim=True)
        variance = (centred * centred * share).sum(2, keepdim=True)
        normal = centred / (variance + 1e-5).sqrt()
        scaled = normal * self.weight[None, :, None] + self.bias[None, :, None]
        return self.second(torch.nn.functional.gelu(scaled))


def batch(seed):
    wave = np.random.default_rng(seed).standard_normal((1, 4000)).astype(np.float32)
    return {"wave": wave, "frames": np.array([799], np.float32)}


torch.manual_seed(0)
example = {name: torch.from_numpy(value) for name, value in batch(0).items()}
original = ov.convert_model(Masked().eval(), example_input=example)
quantized = nncf.quantize(
    original.clone(),
    nncf.Dataset([batch(n) for n in range(8)]),
    model_type=nncf.ModelType.TRANSFORMER,
)
feed = batch(99)


def run(model, **options):
    return ov.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32", **options})(feed)[0]


expected = run(original)
for name, options in {"default": {}, "LP_TRANSFORMS_MODE=NO": {"LP_TRANSFORMS_MODE": "NO"}}.items():
    noise = run(quantized, **options) - expected
    print(f"{name}: SQNR {10 * np.log10((expected**2).sum() / (noise**2).sum()):.1f} dB")

"""CTC networks of transformers made blind to padding: padded or not, an utterance's frames get the same logits.

Transformers masks what attention sees and zeroes the padded frames once, before the encoder. Everything else that mixes
frames sees the padding all the same: normalization over time, positional convolutions that stand on one another or
behind a batch normalization, depthwise convolutions, adapters, frames that are squeezed and spread again. Here each of
these gets its own level's mask, computed from the number of samples that count.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import openvino as ov

_EXCLUDED = -6e4  # added to attention scores, whose exponential is then exactly 0; half precision holds it
_DISENTANGLED = frozenset({"SEWDAttention", "DisentangledSelfAttention"})  # masked at their encoder
_KEEPS_MASK = "WavLMAttention"  # it takes 1 for a frame that counts, the others take what is added to the scores


class _Lengths:
    """How many steps count in each row of a batch, level by level of the network; set at each call of the model.

    Held in float32, exact up to 2**24 samples: 17 minutes at 16 kHz.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        extractor: Any = model.base_model.feature_extractor
        self._convolutions = [_kernel_and_stride(layer.conv) for layer in extractor.conv_layers]
        self._squeeze = int(getattr(model.config, "squeeze_factor", 1))
        self.first: Tensor | None = None
        self.frames: Tensor | None = None

    def of(self, samples: Tensor) -> None:
        """Take the number of samples that count: float32, shape (batch,)."""
        self.first = self.frames = None
        for kernel, stride in self._convolutions:
            samples = _whole((samples - kernel) / stride) + 1
            self.first = samples if self.first is None else self.first
        self.frames = samples

    @property
    def squeezed(self) -> Tensor:
        """Vectors that the encoder sees."""
        assert self.frames is not None
        return _whole(self.frames / self._squeeze)

    @property
    def spread(self) -> Tensor:
        """Frames that come of them."""
        return self.squeezed * self._squeeze

    def adapted(self, level: int) -> Tensor:
        """Frames in front of an adapter's layer: convolutions of kernel 3, stride 2 and padding 1 halve them."""
        assert self.frames is not None
        frames = self.frames
        for _ in range(level):
            frames = _whole((frames - 1) / 2) + 1
        return frames


def _whole(steps: Tensor) -> Tensor:
    """Return steps without their fraction: divided as whole numbers, OpenVINO rounds them (docs/padding.md)."""
    return steps.floor()


def _kernel_and_stride(convolution: Any) -> tuple[int, int]:
    return convolution.kernel_size[0], convolution.stride[0]


def _mask(steps: Any, lengths: Tensor) -> Tensor:
    """Return 1.0 for each step that counts, 0.0 behind: shape (batch, steps)."""
    import torch

    return (torch.arange(steps)[None] < lengths[:, None]).to(torch.float32)


def _normalize_group(layer: Any, lengths: _Lengths) -> Callable[[Tensor], Tensor]:
    """Return a group-norm convolution layer's forward whose statistics are of the steps that count."""

    def forward(hidden_states: Tensor) -> Tensor:
        assert lengths.first is not None
        convolved = layer.conv(hidden_states)
        share = (_mask(convolved.shape[2], lengths.first) / lengths.first[:, None])[:, None]
        centred = convolved - (convolved * share).sum(2, keepdim=True)
        variance = (centred * centred * share).sum(2, keepdim=True)
        norm = layer.layer_norm
        scaled = centred / (variance + norm.eps).sqrt()
        activated: Tensor = layer.activation(scaled * norm.weight[None, :, None] + norm.bias[None, :, None])
        return activated

    return forward


class _Hooks:
    """What stands in for, before or behind the modules of a model that mix frames."""

    def __init__(self, lengths: _Lengths) -> None:
        self.lengths = lengths

    def model(self, _: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Take the mask of samples from the call: transformers' own use of it would leave what is mended here."""
        waveforms, mask, *_ = (*args, *kwargs.values())  # by position where the model is traced
        self.lengths.of(mask.sum(1).to(waveforms.dtype))
        return (waveforms,), {}

    def attention(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Exclude padded vectors from the attention: shape (batch, 1, 1, vectors)."""
        hidden_states = args[0] if args else kwargs["hidden_states"]
        mask = _mask(hidden_states.shape[1], self.lengths.squeezed)
        if type(module).__name__ != _KEEPS_MASK:
            mask = ((1 - mask) * _EXCLUDED)[:, None, None]
        return args, kwargs | {"attention_mask": mask}

    def disentangled(self, _: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Hand SEW-D's encoder the mask of its vectors."""
        hidden_states, _, *others = args
        return hidden_states, _mask(hidden_states.shape[1], self.lengths.squeezed), *others

    def positions(self, _: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Zero padded frames in front of a convolution: (batch, channels, frames)."""
        return (args[0] * _mask(args[0].shape[2], self.frames)[:, None],)

    def spread(self, _: Any, __: Any, output: Tensor) -> Tensor:
        """Zero the frames that no whole vector gives, as transformers pads them: (batch, frames, channels)."""
        return output * _mask(output.shape[1], self.lengths.spread)[:, :, None]

    def adapter(self, level: int) -> Callable[..., Any]:
        """Zero padded frames in front of an adapter's layer."""

        def hook(_: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
            return (args[0] * _mask(args[0].shape[2], self.lengths.adapted(level))[:, None],)

        return hook

    @property
    def frames(self) -> Tensor:
        """Frames of the encoder's input."""
        assert self.lengths.frames is not None
        return self.lengths.frames


@contextmanager
def blind_to_padding(model: PreTrainedModel) -> Iterator[PreTrainedModel]:
    """Let a model, while the context lasts, take `attention_mask` as a promise that padding changes nothing.

    The mask is int64, (batch, samples): 1 for each sample of the utterance, 0 for the padding behind it. The logits of
    the utterance's frames are those of the utterance alone; those of later frames mean nothing.
    """
    hooks = _Hooks(_Lengths(model))
    with contextlib.ExitStack() as stack:
        stack.callback(model.register_forward_pre_hook(hooks.model, with_kwargs=True).remove)
        for module in model.base_model.modules():
            for handle in _hooked(module, hooks):
                stack.callback(handle.remove)
            if type(module).__name__.endswith("GroupNormConvLayer"):
                module.forward = _normalize_group(module, hooks.lengths)
                stack.callback(delattr, module, "forward")
        yield model


def _hooked(module: Any, hooks: _Hooks) -> Iterator[Any]:
    kind = type(module).__name__
    if kind.endswith(("Attention", "ConformerSelfAttention")) and kind not in _DISENTANGLED:
        yield module.register_forward_pre_hook(hooks.attention, with_kwargs=True)
    elif kind == "SEWDTransformerEncoder":
        yield module.register_forward_pre_hook(hooks.disentangled)
    elif kind.endswith("PositionalConvEmbedding"):
        yield from _positional(module, hooks)
    elif kind.endswith("ConvolutionModule"):
        yield module.depthwise_conv.register_forward_pre_hook(hooks.positions)
    elif kind.endswith("Upsampling"):
        yield module.register_forward_hook(hooks.spread)
    elif kind.endswith("Adapter"):
        for level, layer in enumerate(module.layers):
            yield layer.register_forward_pre_hook(hooks.adapter(level))


def _positional(module: Any, hooks: _Hooks) -> Iterator[Any]:
    """Mask the input of each positional convolution, behind what transforms it: a batch normalization, a layer."""
    for layer in getattr(module, "layers", [module]):
        yield layer.conv.register_forward_pre_hook(hooks.positions)


_WHERE = ["wergate", "padding_exact"]


def mark_padding_exact(ir: ov.Model) -> None:
    """Write the note into an IR that was exported so (docs/padding.md)."""
    ir.set_rt_info("true", _WHERE)


def is_marked_padding_exact(ir: ov.Model) -> bool:
    """Tell whether an IR has the note; NNCF and saving keep it. `accuracy/test_buckets.py` holds the IR to it."""
    return bool(ir.has_rt_info(_WHERE))

"""Masking for CTC networks of transformers, so that padding does not change the logits of an utterance.

Transformers masks the attention and zeroes the padded frames once, before the encoder. All other operations that mix
frames still see the padding: normalization over time, positional convolutions after one another or after a batch
normalization, depthwise convolutions, adapters, and frames that are merged and split again. This module masks each of
them with a mask for its level of the network, computed from the number of samples before the padding.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import openvino as ov
    from torch import Tensor
    from transformers import PreTrainedModel

# added to attention scores, whose exponential is then exactly 0; small enough in magnitude for half precision
_EXCLUDED = -6e4
_DISENTANGLED = frozenset({"SEWDAttention", "DisentangledSelfAttention"})  # masked at their encoder
_KEEPS_MASK = "WavLMAttention"  # takes 1 for a frame of the utterance; the others take a term to add to the scores


class _Lengths:
    """Number of steps before the padding in each row of a batch, for each level of the network.

    Each call of the model sets the lengths. They are float32, exact up to 2**24 samples (17 minutes at 16 kHz).
    """

    def __init__(self, model: PreTrainedModel) -> None:
        extractor: Any = model.base_model.feature_extractor
        self._convolutions = [_kernel_and_stride(layer.conv) for layer in extractor.conv_layers]
        self._squeeze = int(getattr(model.config, "squeeze_factor", 1))
        self.first: Tensor | None = None
        self.frames: Tensor | None = None

    def of(self, samples: Tensor) -> None:
        """Set the number of samples before the padding: float32, shape (batch,)."""
        self.first = self.frames = None
        for kernel, stride in self._convolutions:
            samples = _whole((samples - kernel) / stride) + 1
            self.first = samples if self.first is None else self.first
        self.frames = samples

    @property
    def squeezed(self) -> Tensor:
        """Number of vectors that the encoder sees."""
        assert self.frames is not None
        return _whole(self.frames / self._squeeze)

    @property
    def spread(self) -> Tensor:
        """Number of frames that the encoder's vectors become."""
        return self.squeezed * self._squeeze

    def adapted(self, level: int) -> Tensor:
        """Return the number of frames before an adapter's layer."""
        assert self.frames is not None
        frames = self.frames
        for _ in range(level):  # each layer before it is a convolution of kernel 3, stride 2 and padding 1
            frames = _whole((frames - 1) / 2) + 1
        return frames


def _whole(steps: Tensor) -> Tensor:
    """Return steps without their fraction."""
    # OpenVINO rounds an integer division instead of truncating it (docs/studies/padding.md), so lengths are floats.
    return steps.floor()


def _kernel_and_stride(convolution: Any) -> tuple[int, int]:
    return convolution.kernel_size[0], convolution.stride[0]


def _mask(steps: Any, lengths: Tensor) -> Tensor:
    """Return 1.0 for each step before the padding and 0.0 after it: float32, shape (batch, steps)."""
    import torch

    return (torch.arange(steps)[None] < lengths[:, None]).to(torch.float32)


def _normalize_group(layer: Any, lengths: _Lengths) -> Callable[[Tensor], Tensor]:
    """Return a forward function for a group-norm convolution layer, with statistics that exclude the padding."""

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
    """Hooks for the modules of a model that mix frames."""

    def __init__(self, lengths: _Lengths) -> None:
        self.lengths = lengths

    def model(self, _: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Remove the mask from the call and compute the lengths from it."""
        # Without a mask, transformers masks nothing itself. Its masking is incomplete and would run in addition to
        # the hooks. The tracer passes both arguments by position, other callers may pass them by keyword.
        waveforms, mask, *_ = (*args, *kwargs.values())
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
        """Give the encoder of SEW-D the mask of its vectors."""
        hidden_states, _, *others = args
        return hidden_states, _mask(hidden_states.shape[1], self.lengths.squeezed), *others

    def positions(self, _: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Zero the padded frames before a convolution: shape (batch, channels, frames)."""
        return (args[0] * _mask(args[0].shape[2], self.frames)[:, None],)

    def spread(self, _: Any, __: Any, output: Tensor) -> Tensor:
        """Zero the frames that come from no whole vector: shape (batch, frames, channels)."""
        # Transformers fills up the frames of an unpadded utterance with zeros at the same place.
        return output * _mask(output.shape[1], self.lengths.spread)[:, :, None]

    def adapter(self, level: int) -> Callable[..., Any]:
        """Return a hook that zeroes the padded frames before an adapter's layer."""

        def hook(_: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
            return (args[0] * _mask(args[0].shape[2], self.lengths.adapted(level))[:, None],)

        return hook

    @property
    def frames(self) -> Tensor:
        """Number of frames of the encoder's input."""
        assert self.lengths.frames is not None
        return self.lengths.frames


@contextmanager
def blind_to_padding(model: PreTrainedModel) -> Iterator[PreTrainedModel]:
    """Make the logits of a model independent of padding while the context lasts.

    The model must be called with `attention_mask`, int64, shape (batch, samples): 1 for each sample of the utterance,
    0 for the padding after it. The logits of the utterance's frames equal those of the utterance without padding.
    The logits of later frames have no meaning.
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
    """Yield hooks that mask the input of each positional convolution, after any layer or batch normalization."""
    for layer in getattr(module, "layers", [module]):
        yield layer.conv.register_forward_pre_hook(hooks.positions)


_WHERE = ["wergate", "padding_exact"]


def mark_padding_exact(ir: ov.Model) -> None:
    """Mark an IR as unaffected by padding (docs/studies/padding.md)."""
    ir.set_rt_info("true", _WHERE)


def is_marked_padding_exact(ir: ov.Model) -> bool:
    """Return whether an IR has the mark of `mark_padding_exact`.

    Saving and NNCF keep the mark. `accuracy/test_buckets.py` verifies that the IR deserves it.
    """
    return bool(ir.has_rt_info(_WHERE))

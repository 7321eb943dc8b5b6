"""Modules of transformers that remember or bound a length, made so that a trace holds for any length.

Tracing writes down what runs on one example. What a module has computed for another input before, or once for all
inputs up to some length, becomes a constant in the IR, and the IR is wrong or breaks at other lengths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel


def _relative_positions(module: Any, hidden_states: Tensor) -> Tensor:
    """Return sinusoids of relative positions, from the farthest on the left to the farthest on the right.

    As the conformer's Transformer-XL positions (Dai et al., 2019), computed for the input's own length: the module
    keeps a table, which a trace would fix at its size (`max_source_positions`, 100 s of audio).

    Returns:
        float32, shape (1, 2 * frames - 1, hidden).
    """
    import torch

    frames = hidden_states.shape[1]
    positions = torch.arange(frames - 1, -frames, -1).type_as(hidden_states)
    exponents = torch.arange(0, module.d_model, 2).type_as(hidden_states) / module.d_model
    angles = positions[:, None] * torch.pow(torch.tensor(10000.0), -exponents)
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)[None]


def _forgetful(module: Any, hidden_states: Tensor) -> Tensor:
    """Return what the module computes for this input, not what it remembers of one of the same length."""
    module.cached_sequence_length = None
    positions: Tensor = type(module).forward(module, hidden_states)
    return positions


_FORWARD: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "Wav2Vec2ConformerRelPositionalEmbedding": _relative_positions,
    "Wav2Vec2ConformerRotaryPositionalEmbedding": _forgetful,
}


@contextmanager
def traceable(model: PreTrainedModel) -> Iterator[PreTrainedModel]:
    """Put the functions above in the place of such modules' own for a while."""
    replaced = [module for module in model.modules() if type(module).__name__ in _FORWARD]
    for module in replaced:
        module.forward = partial(_FORWARD[type(module).__name__], module)
    try:
        yield model
    finally:
        for module in replaced:
            del module.forward

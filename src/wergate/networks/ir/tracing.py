"""Replacements for modules of transformers that store something for one length, so that a trace holds for any length.

Tracing records the operations on one example. A value that a module computed earlier, for another input or for all
inputs up to some length, becomes a constant in the IR. The IR then fails or gives wrong logits at other lengths.
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
    """Return sinusoids of relative positions, from the leftmost to the rightmost.

    These are the Transformer-XL positions (Dai et al., 2019) of the conformer, computed for the input's length.

    Returns:
        float32, shape (1, 2 * frames - 1, hidden).
    """
    import torch

    # The module itself looks the positions up in a table. A trace would fix the table at its size of
    # `max_source_positions`, 100 s of audio.
    frames = hidden_states.shape[1]
    positions = torch.arange(frames - 1, -frames, -1).type_as(hidden_states)
    exponents = torch.arange(0, module.d_model, 2).type_as(hidden_states) / module.d_model
    angles = positions[:, None] * torch.pow(torch.tensor(10000.0), -exponents)
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)[None]


def _uncached(module: Any, hidden_states: Tensor) -> Tensor:
    """Return the module's output, computed from this input and not from the cache."""
    # The module reuses its output for the next input of the same length. A trace would record that as a constant.
    module.cached_sequence_length = None
    positions: Tensor = type(module).forward(module, hidden_states)
    return positions


_FORWARD: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "Wav2Vec2ConformerRelPositionalEmbedding": _relative_positions,
    "Wav2Vec2ConformerRotaryPositionalEmbedding": _uncached,
}


@contextmanager
def traceable(model: PreTrainedModel) -> Iterator[PreTrainedModel]:
    """Replace the forward functions of such modules while the context lasts."""
    replaced = [module for module in model.modules() if type(module).__name__ in _FORWARD]
    for module in replaced:
        module.forward = partial(_FORWARD[type(module).__name__], module)
    try:
        yield model
    finally:
        for module in replaced:
            del module.forward

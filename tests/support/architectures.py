"""Tiny seeded checkpoints of all architectures with a CTC head and a raw waveform as input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.tiny import LABELS, save_processor

_SEED = 11
_WIDER = 6.0  # with the published initialization attention is nearly uniform, which would hide wrong positions
_SPREAD = 5.0  # standard deviation of the logits, similar to that of a trained model
_COMMON: Mapping[str, Any] = {
    "vocab_size": len(LABELS),
    "pad_token_id": 0,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "conv_dim": (16, 16, 16, 16),
    "conv_kernel": (10, 8, 4, 4),
    "conv_stride": (5, 4, 4, 4),
    "num_feat_extract_layers": 4,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 4,
    "layerdrop": 0.0,
}


@dataclass(frozen=True)
class Architecture:
    """A supported architecture.

    Attributes:
        id: name of the architecture and its variant.
        prefix: prefix of its classes in transformers.
        changes: arguments of its configuration besides the common ones.
        attention_mask: True if its processor returns an attention mask.
        ignored_types: types of operations that are better left out of INT8.
    """

    id: str
    prefix: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    attention_mask: bool = False
    ignored_types: tuple[str, ...] = ()

    @property
    def configuration(self) -> dict[str, Any]:
        """The arguments of its configuration class."""
        return {**_COMMON, **self.changes}

    def save(self, folder: Path) -> Path:
        """Save a seeded random checkpoint with its processor.

        Its logits are wide, so that small numerical differences do not change a transcript.
        """
        import torch
        import transformers

        config = getattr(transformers, f"{self.prefix}Config")(**self.configuration)
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(_SEED)
            model = getattr(transformers, f"{self.prefix}ForCTC")(config).eval()
            for weight in model.base_model.encoder.parameters():
                weight.mul_(_WIDER if weight.ndim == 2 else 1)
            model.lm_head.weight.mul_(_SPREAD / model(torch.randn(1, 4000)).logits.std())
        model.save_pretrained(folder)
        save_processor(folder, return_attention_mask=self.attention_mask)
        return folder


_LAYER_NORM = {"feat_extract_norm": "layer", "conv_bias": True}
_STABLE = _LAYER_NORM | {"do_stable_layer_norm": True}
_DEPTHWISE = ("GroupConvolution",)
_SEW = {"squeeze_factor": 2}

ARCHITECTURES = (
    Architecture("data2vec-audio", "Data2VecAudio", {"conv_pos_kernel_size": 5, "num_conv_pos_embeddings": 2}),
    Architecture("wav2vec2, group norm", "Wav2Vec2"),
    Architecture("wav2vec2, layer norm", "Wav2Vec2", _LAYER_NORM, attention_mask=True),
    Architecture("wav2vec2, stable layer norm", "Wav2Vec2", _STABLE, attention_mask=True),
    Architecture("wav2vec2, adapter", "Wav2Vec2", _STABLE | {"add_adapter": True, "num_adapter_layers": 2}),
    Architecture(
        "wav2vec2-conformer, relative",
        "Wav2Vec2Conformer",
        _LAYER_NORM | {"max_source_positions": 16},
        ignored_types=_DEPTHWISE,
    ),
    Architecture(
        "wav2vec2-conformer, rotary",
        "Wav2Vec2Conformer",
        _LAYER_NORM | {"position_embeddings_type": "rotary"},
        ignored_types=_DEPTHWISE,
    ),
    Architecture("hubert, group norm", "Hubert"),
    Architecture("hubert, stable layer norm", "Hubert", _STABLE, attention_mask=True),
    Architecture("wavlm, group norm", "WavLM"),
    Architecture("wavlm, stable layer norm", "WavLM", _STABLE, attention_mask=True),
    Architecture("sew", "SEW", _SEW),
    Architecture("sew-d", "SEWD", _SEW | {"position_buckets": 16, "max_position_embeddings": 32}, attention_mask=True),
    Architecture("unispeech, group norm", "UniSpeech", {"num_ctc_classes": len(LABELS)}),
    Architecture("unispeech, stable layer norm", "UniSpeech", _STABLE | {"num_ctc_classes": len(LABELS)}),
    Architecture("unispeech-sat, group norm", "UniSpeechSat"),
    Architecture("unispeech-sat, stable layer norm", "UniSpeechSat", _STABLE),
)

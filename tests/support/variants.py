"""Variants without an IR, for tests that construct evaluations and verdicts by hand."""

from __future__ import annotations

from pathlib import Path

from wergate.config.base import Precision
from wergate.config.thresholds import Thresholds
from wergate.models.variant import Variant
from wergate.networks.alphabet import Alphabet
from wergate.networks.frontend import Frontend

UPPER = Alphabet(("<pad>", "|", "'", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 0, "|")
REQUIRED = {
    "wer_drop_max": 0.01,
    "mismatch_rate_max": 1.0,
    "length_delta_max": 1.0,
    "size_ratio_max": 1.0,
    "length_ratio_min": 0.9,
    "length_ratio_max": 1.1,
}


def frontend_of(alphabet: Alphabet) -> Frontend:
    """Return a frontend for 16 kHz with frames of 20 ms."""
    return Frontend(16_000, normalize=False, receptive_field=400, hop=320, alphabet=alphabet)


def make_variant(
    name: Precision = "int8",
    *,
    model: str = "tiny",
    alphabet: Alphabet = UPPER,
    frontend: Frontend | None = None,
    thresholds: Thresholds | None = None,
) -> Variant:
    """Return a variant that the suite itself would build; by default its thresholds are loose."""
    return Variant(
        model=model,
        name=name,
        path=Path(f"{name}.xml"),
        frontend=frontend or frontend_of(alphabet),
        is_candidate=False,
        precision=name,
        thresholds=thresholds or Thresholds(**REQUIRED),  # type: ignore[arg-type]
        label=name,
        subject=name.upper(),
    )

"""The names of variants, and what messages and tables call them."""

from __future__ import annotations

REFERENCE = "reference"
OWN_VARIANTS = ("fp16", "int8", "reference")
LEGACY_QUANTIZERS = frozenset({"pot", "pot-accuracy-aware"})  # their toolchain makes the FP16 IR, too


def subject_of(variant: str) -> str:
    """Return how messages call a variant: precisions in capitals, a candidate by its own name."""
    return variant.upper() if variant in OWN_VARIANTS else variant


def label_of(variant: str, quantizer: str) -> str:
    """Return how tables and baselines call a variant: by its quantizer, too, where another than usual made it."""
    made = variant == "int8" or (variant == "fp16" and quantizer in LEGACY_QUANTIZERS)
    return f"{variant} {quantizer}" if made and quantizer != "nncf" else variant

"""The names of variants in options, messages and tables."""

from __future__ import annotations

REFERENCE = "reference"
OWN_VARIANTS = ("fp16", "int8", "reference")
LEGACY_QUANTIZERS = frozenset({"pot", "pot-accuracy-aware"})  # their toolchain also builds the FP16 IR


def subject_of(variant: str) -> str:
    """Return the name of a variant in messages: precisions in capitals, candidates unchanged."""
    return variant.upper() if variant in OWN_VARIANTS else variant


def label_of(variant: str, quantizer: str) -> str:
    """Return the name of a variant in tables and baselines, with its quantizer unless that is NNCF."""
    made = variant == "int8" or (variant == "fp16" and quantizer in LEGACY_QUANTIZERS)
    return f"{variant} {quantizer}" if made and quantizer != "nncf" else variant

"""The base class of all sections, and the values that their keys may take."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Precision = Literal["fp16", "int8"]
InferencePrecision = Literal["f32", "bf16"]
Isa = Literal["native", "avx512_vnni", "avx512", "avx2_vnni", "avx2", "avx"]
OverflowFix = Literal["enable", "first_layer_only", "disable"]
Shapes = Literal["buckets", "dynamic"]
Units = Literal["letters", "subwords", "phonemes"]
Normalizer = Literal["none", "upper", "basic", "turkish", "characters", "english"]
QuantizerName = Literal["nncf", "nncf-accuracy-control", "int8-weights", "pot", "pot-accuracy-aware"]
Aggregator = Literal["min", "max", "mean", "median"]
Fraction = float


class Section(BaseModel):
    """A table of a suite file: immutable, with finite numbers, and without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

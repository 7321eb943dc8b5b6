"""The base class of all sections, and the values that their keys may take."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Precision = Literal["fp16", "int8"]
InferencePrecision = Literal["f32", "bf16"]
Isa = Literal["native", "avx512_vnni", "avx512", "avx2_vnni", "avx2", "avx"]
OverflowFix = Literal["enable", "first_layer_only", "disable"]
DuelIr = Literal["shared", "own"]
Shapes = Literal["buckets", "dynamic"]
Units = Literal["letters", "subwords", "phonemes"]
Normalizer = Literal["none", "upper", "basic", "turkish", "characters", "english"]
QuantizerName = Literal["nncf", "nncf-accuracy-control", "int8-weights", "pot", "pot-accuracy-aware"]
AudioFormat = Literal["mp3", "flac", "none"]
Aggregator = Literal["min", "max", "mean", "median"]

# A threshold beyond these bounds gates nothing, or lets nothing pass.
Fraction = Annotated[float, Field(ge=0, le=1)]
Decibels = Annotated[float, Field(ge=-20, le=200)]
LogitDifference = Annotated[float, Field(ge=0, le=1000)]
Ratio = Annotated[float, Field(gt=0, le=100)]
Bits = Annotated[float, Field(gt=0, le=8)]
Kib = Annotated[float, Field(gt=0, le=1_000_000)]
Gigabytes = Annotated[float, Field(gt=0, le=1000)]


def _unset_if_false(value: Any) -> Any:
    return None if value is False else value


# TOML has no null: `KEY = false` turns off a threshold that the file would inherit.
OrOff = BeforeValidator(_unset_if_false)


class Section(BaseModel):
    """A table of a suite file: immutable, with finite numbers, and without unknown keys."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

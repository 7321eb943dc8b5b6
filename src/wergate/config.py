"""One frozen configuration: suite.toml, overridden by the command line."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pydantic
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

from wergate.errors import SuiteError, did_you_mean

Precision = Literal["fp16", "int8"]
Fraction = float


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Gates(_Section):
    """Thresholds of one precision; what is absent is reported but not gated.

    WER and rates are fractions. `wer_drop_max` is quantized minus reference model, absolute.
    """

    wer_drop_max: Fraction
    mismatch_rate_max: Fraction
    max_abs_delta_max: float | None = None
    mean_abs_delta_max: float | None = None
    sqnr_db_min: float | None = None
    argmax_agreement_min: Fraction | None = None
    length_delta_max: float
    size_ratio_max: float
    int8_work_min: Fraction = 0.0
    near_tie_margin: float = 0.0


class Thresholds(_Section):
    """Gates by precision."""

    fp16: Gates
    int8: Gates

    def of(self, precision: Precision) -> Gates:
        """Return the gates of one precision."""
        return self.fp16 if precision == "fp16" else self.int8


class IgnoredScope(_Section):
    """Operations that stay in floating point, as NNCF names them in the FP16 IR."""

    names: list[str] = []
    patterns: list[str] = []
    types: list[str] = []


class Quantization(_Section):
    """NNCF post-training quantization; the range estimators are those of the tutorial."""

    preset: Literal["performance", "mixed"] = "performance"
    subset_size: int = Field(default=300, gt=0, le=300)
    subset_size_by_model: dict[str, int] = {}
    min_aggregator: Literal["min", "max", "mean", "median"] = "min"
    max_aggregator: Literal["min", "max", "mean", "median"] = "mean"
    max_quantile_outlier_prob: float = Field(default=1e-4, gt=0, lt=1)
    ignored_scope: IgnoredScope = IgnoredScope()

    def subset_size_of(self, model: str) -> int:
        """Return how many calibration utterances a model is calibrated on."""
        return self.subset_size_by_model.get(model, self.subset_size)


class Benchmarks(_Section):
    """What is timed: every recognizer, at every duration, for every model.

    `sqnr_db_min` is what a timed inference's logits are held to, by precision; without one the corpora's threshold is.
    Speed-ups are gated by model, where there is a threshold.
    """

    models: list[str]
    durations_s: list[PositiveFloat]
    throughput_utterances: int = Field(default=32, gt=0)
    sqnr_db_min: dict[Precision, float] = {}
    int8_sqnr_db_min_by_model: dict[str, float] = {}
    int8_over_fp16_min: dict[str, float] = {}
    int8_over_pytorch_min: dict[str, float] = {}

    def speedup_min(self, slow: str) -> dict[str, float]:
        """Return by model how many times faster than that recognizer INT8 must be."""
        return self.int8_over_pytorch_min if slow == "pytorch" else self.int8_over_fp16_min


class SuiteConfig(_Section):
    """Everything that a run depends on besides the installed packages and the machine."""

    models: list[str] = Field(min_length=1)
    corpora: list[str] = Field(min_length=1)
    calibration: str
    precisions: list[Precision] = Field(min_length=1)
    device: str = "CPU"
    inference_precision: Literal["f32", "bf16"] = "f32"
    normalizer: Literal["none", "upper"] = "upper"
    limit: int | None = Field(default=None, gt=0)
    cache_dir: str | None = None
    quantization: Quantization = Quantization()
    thresholds: Thresholds
    benchmarks: Benchmarks


def load_config(path: Path, overrides: Mapping[str, Any]) -> SuiteConfig:
    """Read suite.toml and lay the command line's values over it.

    Args:
        path: the TOML file.
        overrides: top-level keys with the values that win; None means not given.

    Raises:
        SuiteError: the file is missing or no TOML, a key is unknown, a value is not accepted.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SuiteError(f"suite file '{path}' cannot be read: {error.strerror}; name one with --suite FILE") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SuiteError(f"suite file '{path}' is not TOML: {error}; correct that line") from error
    given = {key: value for key, value in overrides.items() if value is not None}
    data |= given
    try:
        return SuiteConfig.model_validate(data)
    except pydantic.ValidationError as error:
        source = "command line" if error.errors()[0]["loc"][0] in given else path.name
        raise SuiteError(f"{source}: {_explain(error)}") from error


def _explain(error: pydantic.ValidationError) -> str:
    """Say the first mistake in one line: the key, its value, what is accepted."""
    first = error.errors()[0]
    location = [str(part) for part in first["loc"]]
    key = ".".join(location)
    if first["type"] == "extra_forbidden":
        known = _keys_at(location[:-1])
        hint = did_you_mean(location[-1], known)
        return f"unknown key '{key}'{hint}; accepted here: {', '.join(sorted(known))}; correct or remove it"
    if first["type"] == "missing":
        return f"key '{key}' is missing; add it"
    if first["type"] == "float_type":
        return f"{key} = {first['input']!r} is not a number; give one without quotes, such as 0.01"
    return f"{key} = {first['input']!r} is not accepted: {first['msg']}; correct it"


def _keys_at(location: list[str]) -> list[str]:
    """Return the keys that a section knows, walking down from the top."""
    section: type[BaseModel] = SuiteConfig
    for name in location:
        annotation = section.model_fields[name].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        section = annotation
    return list(section.model_fields)

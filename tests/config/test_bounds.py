"""Bounds of the thresholds: each key accepts both of its edges and nothing beyond, with the range in the error."""

from __future__ import annotations

import json
import math
import tomllib
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from tests.support.shipped import SUITE
from wergate.config.bounds import Bounds, bounds_at, bounds_of
from wergate.config.loading import load_config
from wergate.config.models import ModelSettings
from wergate.config.suite import SuiteConfig
from wergate.errors import SuiteError

SHIPPED = tomllib.loads(SUITE.read_text(encoding="utf-8"))
# Numbers that are compared with a measurement. Names say so, but for these.
_UNNAMED = {"near_tie_margin", "max_drop", "max_kib", "max_kib_per_length", "expected_wer"}
# Numbers whose names look like thresholds.
_NO_THRESHOLDS = {
    "max_duration_s",  # of a recording
    "max_quantile_outlier_prob",  # of a range estimator
    "blocks_min",  # of a timing
    "compilations_min",  # of a timing
    "min_words",  # more words always decide more
    "min_aggregator",
    "max_aggregator",
}


def numbers(section: type[BaseModel], *above: str) -> Iterator[tuple[str, ...]]:
    """Yield the keys of a section whose values are numbers, or tables of numbers by a key of the user's."""
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from numbers(kind, *above, name)
        elif "float" in str(kind) or "int'" in str(kind):
            path = (*above, name)
            inside = typing.get_args(kind)[0] if typing.get_origin(kind) is dict else None
            yield path if inside is None else (*path, key_of(inside))


def key_of(kind: Any) -> str:
    """Return a key that a table accepts: one of a list of words, or any name."""
    return str(typing.get_args(kind)[0]) if typing.get_args(kind) else "some-model"


def is_threshold(path: tuple[str, ...]) -> bool:
    """Return whether a number is compared with a measurement."""
    return any(
        (name.endswith(("_max", "_min")) or "_max_" in name or "_min_" in name or name in _UNNAMED)
        and name not in _NO_THRESHOLDS
        for name in path
    )


PATHS = [path for path in dict.fromkeys(numbers(SuiteConfig)) if is_threshold(path)]
PATHS += [("model", "mine", "expected_wer", "int8")]


def bounds(path: tuple[str, ...]) -> Bounds:
    """Return the bounds of a key."""
    return bounds_at(ModelSettings, path[2:]) if path[0] == "model" else bounds_at(SuiteConfig, path)


def edges(found: Bounds, *, whole: bool) -> tuple[list[float], list[float]]:
    """Return the smallest and the largest accepted number, and the nearest ones beyond."""

    def next_to(value: float, towards: float) -> float:
        return value + math.copysign(1, towards) if whole else math.nextafter(value, towards)

    low = found.ge if found.ge is not None else next_to(found.gt, math.inf)
    return [low, found.le], [next_to(low, -math.inf), next_to(found.le, math.inf)]


def suite_with(path: tuple[str, ...], value: Any, folder: Path) -> SuiteConfig:
    """Read a suite file of one key."""
    file = folder / "mine.toml"
    file.write_text(f"{'.'.join(json.dumps(part) for part in path)} = {value!r}\n", encoding="utf-8")
    return load_config(file, {}, base=SUITE)


def value_at(path: tuple[str, ...], config: Any) -> Any:
    """Return the value of a key in a configuration."""
    for part in path:
        config = config[part] if isinstance(config, Mapping) else getattr(config, part)
    return config


def test_the_thresholds_are_found() -> None:
    """Those of both precisions are among them, and so are tables by model and the settings of studies."""
    found = {".".join(path) for path in PATHS}
    assert len(found) > 70
    assert found >= {
        "thresholds.fp16.wer_drop_max",
        "thresholds.int8.length_ratio_max",
        "thresholds.reference_wer_max",
        "benchmarks.int8_over_fp16_min.some-model",
        "benchmarks.without_vnni.int8_over_reference_min.some-model",
        "benchmarks.sqnr_db_min.fp16",
        "calibration_audio.utterances_min",
        "portability.wer_loss_max_by_isa.native",
        "pot.int8_runtime_mismatch_rate_max",
    }


@pytest.mark.parametrize("path", PATHS, ids=".".join)
def test_a_threshold_accepts_its_edges_and_nothing_beyond(path: tuple[str, ...], tmp_path: Path) -> None:
    """The error is one line with the key, the value and the accepted numbers."""
    found = bounds(path)
    whole = path[-1] in {"utterances_min", "speakers_min"}
    inside, beyond = edges(found, whole=whole)
    number = int if whole else float
    for value in map(number, inside):
        assert value == value_at(path, suite_with(path, value, tmp_path))
    for value in map(number, beyond):
        with pytest.raises(SuiteError) as caught:
            suite_with(path, value, tmp_path)
        message = str(caught.value)
        assert message.startswith(f"mine.toml: {'.'.join(path)} = {value!r} is not accepted: a number {found.words} is")
        assert "\n" not in message


@pytest.mark.parametrize("path", PATHS, ids=".".join)
def test_no_threshold_is_a_word_a_flag_or_nan(path: tuple[str, ...], tmp_path: Path) -> None:
    """Whatever the key; a threshold that may be off accepts `false`, and none accepts `true`."""
    for text in ('"0.01"', "true", "nan", "inf", "-inf"):
        file = tmp_path / "mine.toml"
        file.write_text(f"{'.'.join(json.dumps(part) for part in path)} = {text}\n", encoding="utf-8")
        with pytest.raises(SuiteError, match=r"mine\.toml: .* is not (a number|accepted)"):
            load_config(file, {}, base=SUITE)


def test_percent_is_recognized(tmp_path: Path) -> None:
    """The error says which fraction a percentage is; any other value gets no such hint."""
    path = ("thresholds", "int8", "wer_drop_max")
    for value, ending in ((5, "from 0 to 1 is needed; 5 % is 0.05; correct it"), (-1, "is needed; correct it")):
        with pytest.raises(SuiteError) as caught:
            suite_with(path, value, tmp_path)
        assert str(caught.value).endswith(ending)


@pytest.mark.parametrize(
    "key", ["thresholds.int8.sqnr_db_min", "thresholds.fp16.size_ratio_max", "accuracy_control.max_drop"]
)
def test_the_table_of_a_model_has_the_same_bounds(key: str, tmp_path: Path) -> None:
    """The error names the key of that table."""
    with pytest.raises(SuiteError) as caught:
        suite_with(("model", "mine", *key.split(".")), 999.0, tmp_path)
    assert f"mine.toml: model.mine.{key} = 999.0 is not accepted: a number " in str(caught.value)


def test_bounds_have_words() -> None:
    """Any combination."""
    assert ("from 0 to 1", "above 0, at most 100", "above 0", "at least 2, below 9", "") == tuple(
        found.words for found in (Bounds(ge=0, le=1), Bounds(gt=0, le=100), Bounds(gt=0), Bounds(ge=2, lt=9), Bounds())
    )
    assert Bounds() == bounds_of(str)

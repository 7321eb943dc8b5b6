"""What POT is told: the tutorial's parameters, by the settings that NNCF is told the same with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from wergate.config.base import Normalizer
from wergate.config.models import ModelSettings
from wergate.config.quantization import Quantization
from wergate.errors import SuiteError
from wergate.networks.alphabet import Alphabet

Algorithm = Literal["DefaultQuantization", "AccuracyAwareQuantization"]
_CASES: Mapping[Normalizer, str | None] = {"none": None, "upper": "upper"}
# POT's saturation_fix by NNCF's overflow_fix; for all layers, POT's own fails on attention, and the driver sees to it
_SATURATION = {"disable": "no", "first_layer_only": "first_layer", "enable": "first_layer"}


def job_settings(algorithm: Algorithm, settings: ModelSettings) -> dict[str, Any]:
    """Return what the driver is told of an algorithm.

    Raises:
        SuiteError: accuracy-aware quantization is to be driven by a normalizer that its metric does not have.
    """
    aware = algorithm == "AccuracyAwareQuantization"
    if aware and settings.normalizer not in _CASES:
        raise SuiteError(
            f"POT's {algorithm} cannot count word errors with normalizer '{settings.normalizer}'; "
            f"{', '.join(_CASES)} are accepted; choose one of them with --normalizer"
        )
    quantization = settings.quantization
    return {
        "algorithm": algorithm,
        "params": _params(settings) | (_accuracy_params(settings) if aware else {}),
        "rescale_all": quantization.overflow_fix == "enable",
        "sample_limit": quantization.subset_size,
    }


def _params(settings: ModelSettings) -> dict[str, Any]:
    quantization, scope = settings.quantization, settings.pot.ignored_scope
    return {
        "target_device": "ANY",
        "model_type": "transformer",
        "preset": quantization.preset,
        "stat_subset_size": quantization.subset_size,
        "saturation_fix": _SATURATION[quantization.overflow_fix],
        "activations": {"range_estimator": _range_estimator(quantization)},
        "ignored": {"scope": scope.names, "operations": [{"type": name} for name in scope.types]},
    }


def _range_estimator(quantization: Quantization) -> dict[str, Any]:
    return {
        "min": {"aggregator": quantization.min_aggregator, "type": "min"},
        "max": {
            "aggregator": quantization.max_aggregator,
            "type": "quantile",
            "outlier_prob": quantization.max_quantile_outlier_prob,
        },
    }


def _accuracy_params(settings: ModelSettings) -> dict[str, Any]:
    drop = {"maximal_drop": settings.accuracy_control.max_drop, "drop_type": "absolute"}
    return drop | {"ranking_subset_size": settings.pot.ranking_subset_size}


def speller(alphabet: Alphabet, normalizer: Normalizer) -> dict[str, Any]:
    """Return how the driver turns labels into text, as `pot_driver.transcript.Speller` takes it."""
    return {
        "texts": [_said(alphabet, label) for label in alphabet.labels],
        "joiner": alphabet.joiner,
        "word_start": alphabet.word_start,
        "case": "lower" if alphabet.lower_case and normalizer == "none" else _CASES.get(normalizer),
    }


def _said(alphabet: Alphabet, label: str) -> str | None:
    if label == alphabet.blank:
        return None
    if label == alphabet.word_delimiter:
        return alphabet.delimiter_text
    return label if alphabet.keep_special or label not in alphabet.special else None

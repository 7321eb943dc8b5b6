"""Activation ranges of a quantized IR, compared with what a few of the calibration utterances need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wergate.config.quantization import QuantizationSettings
from wergate.corpora.audio import Samples
from wergate.corpora.corpus import Corpus
from wergate.corpora.sampling import draw_utterances
from wergate.environment.digest import source_digest
from wergate.environment.machine import version
from wergate.networks.frontend import Frontend
from wergate.networks.ir.attention import is_chosen_by_error
from wergate.networks.ir.ranges import RangeRule, RangeWidth, activation_ranges, observe, range_widths
from wergate.store import Artifact, Store, content_key, file_digest

UTTERANCES = 16  # of 120, they moved no honest range by more than 0.29 bits in 1,000 draws; 8 moved one by 0.44
_SEED = 0
_LONGEST_S = 10.0  # the outputs of all layers are in memory at once: 0.3 GB for a base-size model
_FILE = "observed.npy"


@dataclass(frozen=True)
class RangeComparison:
    """The activation ranges of an IR, compared with what utterances need.

    Attributes:
        widths: width of each range.
        utterances: number of utterances that were observed.
        corpus: name of their corpus.
        calibrated: whether these utterances calibrated the IR, by a known rule.
    """

    widths: tuple[RangeWidth, ...]
    utterances: int
    corpus: str
    calibrated: bool


def compare_ranges(
    path: Path, corpus: Corpus, observed: Artifact, settings: QuantizationSettings, *, known: bool
) -> RangeComparison:
    """Compare the activation ranges of an IR with an observation.

    Args:
        path: the `.xml`.
        corpus: corpus of the observation.
        observed: as `observed_activations` returns it.
        settings: settings of the quantizer.
        known: whether NNCF calibrated the IR on this corpus, with these settings.
    """
    rule = RangeRule(settings.min_aggregator, settings.max_aggregator, settings.max_quantile_outlier_prob)
    values = np.load(observed.file(_FILE), allow_pickle=False)
    share = len(values) / len(corpus) if known else 0.0
    widths = range_widths(activation_ranges(path), values, rule if known else None, share=share)
    widths = tuple(width for width in widths if not is_chosen_by_error(width.name))
    return RangeComparison(widths, len(values), corpus.name, known)


def observed_activations(
    store: Store, path: Path, corpus: Corpus, frontend: Frontend, *, outlier_prob: float
) -> Artifact:
    """Return what the activations of a quantized IR take on a few utterances, as an artifact.

    Args:
        store: the store.
        path: the `.xml`.
        corpus: the utterances; a sample spread over their durations is run.
        frontend: features of the network.
        outlier_prob: share of the largest values that the upper quantile leaves out.
    """
    drawn = draw_utterances(corpus.durations, UTTERANCES, _SEED)
    parts = {
        "ir": content_key({suffix: file_digest(path.with_suffix(suffix)) for suffix in (".xml", ".bin")}),
        "utterances": {name: digest for name, digest in corpus.digests.items() if name in drawn},
        "frontend": [frontend.sampling_rate, frontend.normalize],
        "outlier_prob": outlier_prob,
        "versions": {"openvino": version("openvino")},
        "source": source_digest(__name__),
    }

    def build(folder: Path) -> None:
        waveforms = _waveforms(corpus, drawn, frontend)
        np.save(folder / _FILE, observe(path, waveforms, outlier_prob=outlier_prob), allow_pickle=False)

    return store.get("observed-activations", parts, build)


def _waveforms(corpus: Corpus, drawn: set[str], frontend: Frontend) -> Iterator[Samples]:
    """Yield the inputs of the network; the longest utterances are cut."""
    for utterance in corpus.utterances(frontend.sampling_rate, only=drawn):
        yield frontend.features(utterance.waveform.samples)[: int(_LONGEST_S * frontend.sampling_rate)]

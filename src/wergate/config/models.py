"""The tables `[model.NAME]` and `[corpus.NAME]`, and the keys that they share with the top of the file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveFloat

from wergate.config.base import Fraction, Normalizer, QuantizerName, Section, Units
from wergate.config.quantization import (
    AccuracyControlSettings,
    CalibrationAudioSettings,
    PotSettings,
    QuantizationSettings,
)
from wergate.config.studies import (
    CalibrationStudySettings,
    PortabilitySettings,
    QuantizerStudySettings,
    SensitivitySettings,
)
from wergate.config.thresholds import ThresholdsByPrecision


class PerModel(Section):
    """What holds for every model, and what a model's own table may say otherwise.

    Attributes:
        corpora: what it is evaluated on, by name or spec.
        calibration: corpus that INT8 is calibrated on; without one a disjoint part of the first corpus.
        quantizer: what makes the INT8 IR.
    """

    corpora: list[str] = Field(min_length=1)
    calibration: str | None = None
    normalizer: Normalizer
    quantizer: QuantizerName
    quantization: QuantizationSettings
    pot: PotSettings
    calibration_study: CalibrationStudySettings
    calibration_audio: CalibrationAudioSettings
    accuracy_control: AccuracyControlSettings
    portability: PortabilitySettings
    sensitivity: SensitivitySettings
    quantizer_study: QuantizerStudySettings
    thresholds: ThresholdsByPrecision


class PerCorpus(Section):
    """What holds for every corpus, and what a corpus's own table may say otherwise.

    Attributes:
        columns: names of the columns "audio", "text", "id" and "speaker", where they cannot be found.
        limit: evaluate that many utterances.
        skip_bad: go on without utterances that cannot be read, and count them.
        max_duration_s: a longer recording is refused.
    """

    columns: dict[Literal["audio", "text", "id", "speaker"], str] = Field(default_factory=dict)
    limit: int | None = Field(default=None, gt=0)
    skip_bad: bool
    max_duration_s: PositiveFloat


class ModelSettings(PerModel):
    """A model of the suite: `[model.NAME]`, laid over what suite.toml says of all models.

    Attributes:
        name: as tables, test ids and `--model` call it.
        spec: embedded, an id of the hub, a folder, an .onnx file; the name itself where nothing else is said.
        candidates: IRs that were built elsewhere, gated beside our own.
        language: of a multilingual tokenizer and its adapter weights.
        labels, blank, word_delimiter, units, sampling_rate, normalize_audio: what an .onnx file does not tell.
        expected_wer: figures that were printed elsewhere, by recognizer; reported beside the measured ones.
    """

    name: str
    spec: str
    candidates: list[str] = Field(default_factory=list)
    language: str | None = None
    labels: str | None = None
    blank: str | None = None
    word_delimiter: str | None = None
    units: Units | None = None
    sampling_rate: int | None = Field(default=None, gt=0)
    normalize_audio: bool | None = None
    expected_wer: dict[Literal["reference", "fp16", "int8"], Fraction] = Field(default_factory=dict)


class CorpusSettings(PerCorpus):
    """A corpus of the suite: `[corpus.NAME]`, laid over what suite.toml says of all corpora.

    Attributes:
        spec: an id of the hub, a file or folder; the name itself where nothing else is said.
        normalizer: wins over the model's.
    """

    name: str
    spec: str
    normalizer: Normalizer | None = None

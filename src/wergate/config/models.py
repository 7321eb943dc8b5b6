"""The tables `[model.NAME]` and `[corpus.NAME]`, and the keys that may also be at the top of the file."""

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
    """Settings at the top of the file for all models, which the table of a model may override.

    Attributes:
        corpora: names or specs of the corpora to evaluate on.
        calibration: corpus to calibrate INT8 on; by default a disjoint part of the first corpus.
        normalizer: normalization of transcripts before word errors are counted.
        quantizer: method that builds the INT8 IR.
        quantization: settings of NNCF, which POT shares.
        pot: further settings of POT.
        calibration_study: settings of the study `calibration`.
        calibration_audio: requirements on the calibration audio.
        accuracy_control: settings of the quantizer `nncf-accuracy-control`.
        portability: settings of the study `portability`.
        sensitivity: settings of the study `sensitivity`.
        quantizer_study: settings of the study `quantizers`.
        thresholds: thresholds of both precisions.
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
    """Settings at the top of the file for all corpora, which the table of a corpus may override.

    Attributes:
        columns: names of the columns "audio", "text", "id" and "speaker" that are not detected.
        limit: number of utterances to evaluate; by default all.
        skip_bad: skip unusable utterances and count them, instead of ending the run.
        max_duration_s: longest accepted recording in seconds.
    """

    columns: dict[Literal["audio", "text", "id", "speaker"], str] = Field(default_factory=dict)
    limit: int | None = Field(default=None, gt=0)
    skip_bad: bool
    max_duration_s: PositiveFloat


class ModelSettings(PerModel):
    """The settings of one model: its table `[model.NAME]`, completed with the settings for all models.

    Attributes:
        name: name of the model in tables, test ids and `--model`.
        spec: `embedded`, an id of the hub, a folder or an .onnx file; by default the name.
        candidates: IRs that were built elsewhere, gated like those that the suite builds.
        language: language of a multilingual tokenizer and of its adapter weights.
        labels: file with the labels of an .onnx model.
        blank: CTC blank among the labels of an .onnx model.
        word_delimiter: label between two words of an .onnx model.
        units: kind of the labels of an .onnx model.
        sampling_rate: sampling rate of an .onnx model's input in Hz.
        normalize_audio: scale an .onnx model's input to zero mean and unit variance.
        expected_wer: published word error rates by recognizer, as fractions; reported with the measured ones.
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
    """The settings of one corpus: its table `[corpus.NAME]`, completed with the settings for all corpora.

    Attributes:
        name: name of the corpus in tables, test ids and `--corpus`.
        spec: an id of the hub, a file or a folder; by default the name.
        normalizer: replaces the normalizer of the model for this corpus.
    """

    name: str
    spec: str
    normalizer: Normalizer | None = None

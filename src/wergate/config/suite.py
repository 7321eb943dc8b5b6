"""One frozen configuration: suite.toml, overridden by the command line."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveFloat

from wergate.config.base import InferencePrecision, Isa, Normalizer, Precision, QuantizerName, Section, Shapes
from wergate.config.benchmarks import Benchmarks
from wergate.config.models import CorpusSettings, ModelSettings
from wergate.config.quantization import AccuracyControl, BucketSettings, CalibrationAudio, Pot, Quantization
from wergate.config.studies import CalibrationStudy, Portability, QuantizerStudy, Sensitivity
from wergate.config.thresholds import Thresholds
from wergate.verdict import Status


class SuiteConfig(Section):
    """Everything that a run depends on besides the installed packages and the machine.

    What is said at the top holds for every model and corpus; `model` and `corpus` hold each one's settings, whole.
    """

    models: list[str] = Field(min_length=1)
    corpora: list[str] = Field(min_length=1)
    calibration: str | None = None
    precisions: list[Precision]
    studies: list[str] = Field(default_factory=list)
    device: str = "CPU"
    inference_precision: InferencePrecision = "f32"
    isas: list[Isa] = Field(default=["native"], min_length=1)
    isa_precisions: list[InferencePrecision] = Field(default_factory=list)
    shapes: Shapes = "buckets"
    normalizer: Normalizer = "upper"
    limit: int | None = Field(default=None, gt=0)
    columns: dict[Literal["audio", "text", "id", "speaker"], str] = Field(default_factory=dict)
    skip_bad: bool = False
    max_duration_s: PositiveFloat = 600.0
    allow_pickle: bool = False
    min_words: int = Field(default=300, ge=0)
    allow_inconclusive: bool = False
    cache_dir: str | None = None
    legacy_python: str | None = None
    baselines: str | None = None
    quantizer: QuantizerName = "nncf"
    quantization: Quantization = Quantization()
    pot: Pot = Pot()
    calibration_study: CalibrationStudy = CalibrationStudy()
    calibration_audio: CalibrationAudio = CalibrationAudio()
    accuracy_control: AccuracyControl = AccuracyControl()
    sensitivity: Sensitivity = Sensitivity()
    quantizer_study: QuantizerStudy = QuantizerStudy()
    portability: Portability = Portability()
    buckets: BucketSettings = BucketSettings()
    thresholds: Thresholds
    benchmarks: Benchmarks
    corpus: dict[str, CorpusSettings] = Field(default_factory=dict)
    model: dict[str, ModelSettings] = Field(default_factory=dict)

    @property
    def accepted(self) -> frozenset[Status]:
        """The verdicts that fail no test."""
        return frozenset({Status.PASS, Status.INCONCLUSIVE} if self.allow_inconclusive else {Status.PASS})

    def settings_of(self, model: str) -> ModelSettings:
        """Return a model's settings, by its name in suite.toml or by its spec."""
        return self.model.get(model) or ModelSettings(
            name=model, spec=model, **{key: getattr(self, key) for key in shared_keys(ModelSettings)}
        )

    def corpus_of(self, corpus: str) -> CorpusSettings:
        """Return a corpus's settings, by its name in suite.toml or by its spec."""
        return self.corpus.get(corpus) or CorpusSettings(
            name=corpus, spec=corpus, **{key: getattr(self, key) for key in shared_keys(CorpusSettings)}
        )


def shared_keys(section: type[Section]) -> set[str]:
    """Return the keys that a table of this kind takes from the top where it does not have them.

    A corpus takes no normalizer from there: one of its own would win over the model's.
    """
    shared = set(section.model_fields) & set(SuiteConfig.model_fields)
    return shared - {"normalizer"} if section is CorpusSettings else shared

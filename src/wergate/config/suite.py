"""One frozen configuration: suite.toml, overridden by the command line."""

from __future__ import annotations

from pydantic import Field

from wergate.config.base import InferencePrecision, Isa, Precision, QuantizerName, Section, Shapes
from wergate.config.benchmarks import BenchmarkSettings
from wergate.config.models import CorpusSettings, ModelSettings, PerCorpus, PerModel
from wergate.config.quantization import BucketSettings
from wergate.verdict import Status


class Asked(Section):
    """What a run is of: its models in their precisions, on a device.

    The last base's fields are validated first, so of an empty file `models` is what is missing.
    """

    models: list[str] = Field(min_length=1)
    precisions: list[Precision]
    studies: list[str] = Field(default_factory=list)
    device: str
    inference_precision: InferencePrecision
    isas: list[Isa] = Field(min_length=1)
    isa_precisions: list[InferencePrecision] = Field(default_factory=list)
    shapes: Shapes


class SuiteConfig(PerModel, PerCorpus, Asked):
    """Everything that a run depends on besides the installed packages and the machine.

    What is said at the top holds for every model and corpus; `model` and `corpus` hold each one's settings, whole.
    No key has a default here that suite.toml gives: one without a value there is None or empty.
    """

    allow_pickle: bool
    min_words: int = Field(ge=0)
    allow_inconclusive: bool
    cache_dir: str | None = None
    legacy_python: str | None = None
    baselines: str | None = None
    buckets: BucketSettings
    benchmarks: BenchmarkSettings
    corpus: dict[str, CorpusSettings] = Field(default_factory=dict)
    model: dict[str, ModelSettings] = Field(default_factory=dict)

    @property
    def accepted(self) -> frozenset[Status]:
        """The verdicts that fail no test."""
        return frozenset({Status.PASS, Status.INCONCLUSIVE} if self.allow_inconclusive else {Status.PASS})

    def with_quantizer(self, quantizer: QuantizerName) -> SuiteConfig:
        """Return a copy in which every model is quantized by another quantizer."""
        change = {"quantizer": quantizer}
        models = {name: settings.model_copy(update=change) for name, settings in self.model.items()}
        return self.model_copy(update={**change, "model": models})

    def settings_of(self, model: str) -> ModelSettings:
        """Return a model's settings, by its name in suite.toml or by its spec."""
        return self.model.get(model) or ModelSettings(
            name=model, spec=model, **{key: getattr(self, key) for key in PerModel.model_fields}
        )

    def corpus_of(self, corpus: str) -> CorpusSettings:
        """Return a corpus's settings, by its name in suite.toml or by its spec."""
        return self.corpus.get(corpus) or CorpusSettings(
            name=corpus, spec=corpus, **{key: getattr(self, key) for key in PerCorpus.model_fields}
        )

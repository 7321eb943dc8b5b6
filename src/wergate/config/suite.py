"""The configuration of a run: suite.toml, overridden by the command line."""

from __future__ import annotations

from pydantic import Field

from wergate.config.base import AudioFormat, DuelIr, InferencePrecision, Isa, Precision, QuantizerName, Section, Shapes
from wergate.config.benchmarks import BenchmarkSettings
from wergate.config.models import CorpusSettings, ModelSettings, PerCorpus, PerModel
from wergate.config.quantization import BucketSettings
from wergate.verdict import Kind, Status


class RunSettings(Section):
    """The scope of a run: models, precisions, studies and device.

    Attributes:
        models: names or specs of the models to run.
        precisions: precisions to build and gate.
        studies: studies to run besides the gates.
        device: OpenVINO device.
        inference_precision: arithmetic of inference.
        isas: instruction sets to run INT8 on.
        isa_precisions: inference precisions to show in the study `portability`; by default `inference_precision`.
        executor: where corpora are evaluated, "ray" or "ray:ADDRESS"; None for this process.
        duel: sides of the study `duel`: each but the first is compared with the first; empty without it.
        duel_ir: whether the environments of a duel share an IR, or each builds its own.
        shapes: "buckets" pads utterances to a few fixed lengths, "dynamic" runs each at its own length.
    """

    models: list[str] = Field(min_length=1)
    precisions: list[Precision]
    studies: list[str] = Field(default_factory=list)
    device: str
    inference_precision: InferencePrecision
    isas: list[Isa] = Field(min_length=1)
    isa_precisions: list[InferencePrecision] = Field(default_factory=list)
    executor: str | None = None
    duel: list[str] = Field(default_factory=list)
    duel_ir: DuelIr
    shapes: Shapes


# The order of the bases matters: pydantic validates the fields of the last one first,
# so that the error for an empty file names `models`.
class SuiteConfig(PerModel, PerCorpus, RunSettings):
    """Everything that a run depends on besides the installed packages and the machine.

    The settings at the top of the file apply to every model and corpus. `model` and `corpus` hold the complete
    settings of each one. All defaults are in suite.toml: a field with a default in the code is None or empty.

    Attributes:
        allow_pickle: accept checkpoints without safetensors, whose weights are pickled.
        min_words: smallest number of reference words for a gate on the word error rate to be decided.
        allow_inconclusive: report undecided accuracy verdicts without failing the run.
        strict: fail the run on undecided latency verdicts too.
        details: print all tables, notes and pytest's own failure reports.
        report_audio: format of the recordings in a run folder and on the page, or "none".
        report_audio_mb: megabytes of recordings in a run folder, at most.
        cache_dir: directory of the artifact store.
        shared_cache: accept a directory of the store that other users own or may write.
        legacy_python: Python interpreter of the environment with POT.
        baselines: folder of the accuracy baselines.
        buckets: fixed lengths to which utterances are padded.
        benchmarks: settings of the benchmarks.
        corpus: complete settings of each named corpus.
        model: complete settings of each named model.
    """

    allow_pickle: bool
    min_words: int = Field(ge=0)
    allow_inconclusive: bool
    strict: bool
    details: bool
    report_audio: AudioFormat
    report_audio_mb: float = Field(ge=0)
    cache_dir: str | None = None
    shared_cache: bool
    legacy_python: str | None = None
    baselines: str | None = None
    buckets: BucketSettings
    benchmarks: BenchmarkSettings
    corpus: dict[str, CorpusSettings] = Field(default_factory=dict)
    model: dict[str, ModelSettings] = Field(default_factory=dict)

    def accepts(self, status: Status, kind: Kind) -> bool:
        """Return True if a verdict lets its test pass.

        An undecided latency verdict does unless `strict` is set. An undecided accuracy verdict does only if
        `allow_inconclusive` is set.
        """
        if status is Status.INCONCLUSIVE:
            return not self.strict if kind == "latency" else self.allow_inconclusive
        return status is Status.PASS

    def with_quantizer(self, quantizer: QuantizerName) -> SuiteConfig:
        """Return a copy with another quantizer for every model."""
        change = {"quantizer": quantizer}
        models = {name: settings.model_copy(update=change) for name, settings in self.model.items()}
        return self.model_copy(update={**change, "model": models})

    def settings_of(self, model: str) -> ModelSettings:
        """Return the settings of a model, given by its name in suite.toml or by its spec."""
        return self.model.get(model) or ModelSettings(
            name=model, spec=model, **{key: getattr(self, key) for key in PerModel.model_fields}
        )

    def corpus_of(self, corpus: str) -> CorpusSettings:
        """Return the settings of a corpus, given by its name in suite.toml or by its spec."""
        return self.corpus.get(corpus) or CorpusSettings(
            name=corpus, spec=corpus, **{key: getattr(self, key) for key in PerCorpus.model_fields}
        )

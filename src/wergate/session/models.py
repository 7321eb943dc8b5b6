"""The models of a session: reference models, the IRs built from them, and their variants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from wergate.config.base import Precision
from wergate.config.models import ModelSettings
from wergate.config.suite import SuiteConfig
from wergate.config.variants import LEGACY_QUANTIZERS, label_of, subject_of
from wergate.environment.allocator import give_back
from wergate.environment.extras import require_nncf
from wergate.evaluation.activations import RangeComparison, compare_ranges, observed_activations
from wergate.models.base import ReferenceModel
from wergate.models.resolve import resolve_model
from wergate.models.variant import Variant
from wergate.networks.frontend import Frontend, read_frontend
from wergate.networks.ir.conversion import FRONTEND_FILE, MODEL_FILE
from wergate.networks.ir.equivalence import GraphComparison, compare_graphs
from wergate.networks.ir.execution import ExecutedWork, GraphCounts, executed_work, graph_counts
from wergate.networks.ir.file import named
from wergate.networks.ir.ranges import activation_ranges, range_ends
from wergate.networks.ir.weights import LayerWeights, weight_errors
from wergate.quantization.legacy import Legacy, find_legacy
from wergate.quantization.registry import NNCF_RANGES, ConversionTask, QuantizationTask, converted_ir, quantized_ir
from wergate.recognizers.base import Recognizer
from wergate.session.corpora import Corpora
from wergate.session.matrix import candidates
from wergate.session.memo import ModelUse, Resources
from wergate.steps import step
from wergate.store import Artifact


class Models:
    """Resolves reference models, builds IRs and returns variants, each once."""

    def __init__(
        self,
        config: SuiteConfig,
        resources: Resources,
        *,
        embedded: Path,
        corpora: Corpora,
        make_room: Callable[[], None],
    ) -> None:
        """Take the configuration; models are loaded and IRs are built on demand.

        Args:
            embedded: the folder of the embedded checkpoint and corpus.
            make_room: lets compiled models go; called before an IR is quantized, which takes most memory.
        """
        self._make_room = make_room
        self._config = config
        self._embedded = embedded
        self._store, self._progress, self._memo = resources.store, resources.progress, resources.memo
        self._corpora = corpora

    def reference(self, model: str) -> ReferenceModel:
        """Return the reference model, which every variant is compared with."""

        def make() -> ReferenceModel:
            settings = self._config.settings_of(model)
            with step(f"reading model '{model}'"):
                found = resolve_model(settings, self._config, self._embedded)
            self._memo.uses.models.append(ModelUse(model, settings.spec, settings.quantizer, found))
            return found

        return self._memo.get(("reference-model", model), make)

    def reference_recognizer(self, model: str) -> Recognizer:
        """Return the recognizer of the reference model."""

        def make() -> Recognizer:
            with step(f"loading model '{model}'"):
                return self.reference(model).recognizer(self.frontend(model))

        return self._memo.get(("reference-recognizer", model), make)

    def release(self) -> None:
        """Let the weights of all reference models go; they are loaded again when they are needed."""
        self._memo.forget("reference-recognizer")
        for found in self._memo.known("reference-model"):
            found.release()
        give_back()

    def variant(self, model: str, name: str) -> Variant:
        """Return a variant, and build its IR if the store does not have it.

        Args:
            name: "fp16", "int8", or the name of a candidate.
        """
        return self._memo.get(("variant", model, name), lambda: self._variant(model, name))

    def _variant(self, model: str, name: str) -> Variant:
        candidate = candidates(self._config, model).get(name)
        path = self.ir(model, name).file(MODEL_FILE) if candidate is None else candidate
        precision = self._precision(name, path)
        settings = self._config.settings_of(model)
        return Variant(
            model=model,
            name=name,
            path=path,
            frontend=self.frontend(model),
            is_candidate=candidate is not None,
            precision=precision,
            thresholds=settings.thresholds.of(precision),
            label=label_of(name, settings.quantizer),
            subject=subject_of(name),
        )

    def variant_of(self, model: str, ir: Artifact, *, subject: str) -> Variant:
        """Return a variant for an INT8 IR from the store that is not a configured variant.

        Args:
            subject: name of the variant in messages.
        """
        thresholds = self._config.settings_of(model).thresholds.int8
        path, frontend = ir.file(MODEL_FILE), self.frontend(model)
        return Variant(model, subject, path, frontend, False, "int8", thresholds, subject, subject)  # noqa: FBT003

    def ir(self, model: str, name: str) -> Artifact:
        """Return the "fp16" or "int8" IR that the suite builds for a model, and build what is missing."""
        return self._memo.get(("ir", model, name), lambda: self._ir(model, name))

    def _ir(self, model: str, name: str) -> Artifact:
        settings = self._config.settings_of(model)
        if name != "fp16":
            return self.quantized(model, settings)
        task = ConversionTask(self._store, self.reference(model), settings, self._progress, self.legacy)
        with step(f"conversion of '{model}' to FP16"):
            converted = converted_ir(task)
        if converted.built:
            self.release()
        return self._memo.used(model, None, converted)

    def quantized(self, model: str, settings: ModelSettings) -> Artifact:
        """Return the INT8 IR of a model's FP16 IR, quantized with the given settings.

        Raises:
            SuiteError: NNCF, which all quantizers but POT need, is not installed.
        """
        if settings.quantizer not in LEGACY_QUANTIZERS:
            require_nncf(f"INT8 of model '{model}'")
        task = QuantizationTask(
            self._store, self.ir(model, "fp16"), self._corpora.calibration(model), settings, self._progress, self.legacy
        )
        self._make_room()
        with step(f"quantization of '{model}' with {settings.quantizer}"):
            quantized = quantized_ir(task)
        if quantized.built:
            give_back()
        return self._memo.used(model, None, quantized)

    def frontend(self, model: str) -> Frontend:
        """Return a model's features, frame geometry and alphabet."""

        def make() -> Frontend:
            ir = self.ir(model, "fp16")
            with step(f"reading the frontend of '{model}'"):
                return read_frontend(ir.file(FRONTEND_FILE))

        return self._memo.get(("frontend", model), make)

    def legacy(self) -> Legacy:
        """Return the legacy environment, which runs POT.

        Raises:
            SuiteError: the legacy environment is missing.
        """
        return self._memo.get("legacy", lambda: find_legacy(self._config.legacy_python))

    def graph(self, path: Path) -> GraphCounts:
        """Return the size of an IR and the counts of its quantized nodes."""

        def make() -> GraphCounts:
            with step(f"reading the graph of {named(path)}"):
                return graph_counts(path)

        return self._memo.get(("graph", path), make)

    def weights(self, variant: Variant) -> tuple[LayerWeights, ...]:
        """Return the error of each layer's 8-bit weights against the FP16 IR."""
        original = self.variant(variant.model, "fp16")
        with step(f"comparison of the weights of {variant.subject} of '{variant.model}'"):
            return weight_errors(original.path, variant.path)

    def graph_comparison(self, variant: Variant) -> GraphComparison:
        """Compare the graph of a variant, without its quantization, with that of the FP16 IR."""
        quantization = self._config.settings_of(variant.model).quantization
        corrected = variant.is_candidate or quantization.bias_correction
        original = self.variant(variant.model, "fp16").path
        return compare_graphs(original, variant.path, corrected_biases=corrected)

    def ranges(self, variant: Variant) -> RangeComparison:
        """Compare the activation ranges of a variant with what a few utterances need.

        Those are utterances that calibrated INT8. A candidate may have been calibrated on anything. A run without INT8
        has no calibration corpus, so utterances of the first corpus stand for it.
        """
        settings = self._config.settings_of(variant.model)
        corpus = self._corpora.calibration(variant.model)
        if not len(corpus):
            corpus = self._corpora.corpus(variant.model, self._corpora.first(variant.model))
        known = not variant.is_candidate and settings.quantizer in NNCF_RANGES
        outlier_prob = settings.quantization.max_quantile_outlier_prob
        with step(f"observation of the activations of {variant.subject} of '{variant.model}' on '{corpus.name}'"):
            observed = observed_activations(
                self._store, variant.path, corpus, variant.frontend, outlier_prob=outlier_prob
            )
        self._memo.used(variant.model, corpus.name, observed)
        return compare_ranges(variant.path, corpus, observed, settings.quantization, known=known)

    def range_ends(self, variant: Variant) -> Mapping[str, tuple[float, float]]:
        """Return the ends of a variant's activation ranges, by the name of the quantizer."""
        with step(f"reading the activation ranges of {variant.subject} of '{variant.model}'"):
            return range_ends(activation_ranges(variant.path))

    def executed(self, model: str, path: Path) -> ExecutedWork:
        """Return the work that a compiled IR executes, by layer and precision."""
        rate = self.frontend(model).sampling_rate
        with step(f"reading the executed layers of {named(path)} of '{model}'"):
            return executed_work(
                path,
                device=self._config.device,
                inference_precision=self._config.inference_precision,
                sampling_rate=rate,
                ignored_scope=self._config.settings_of(model).quantization.ignored_scope,
            )

    def _precision(self, name: str, path: Path) -> Precision:
        """Return the precision whose thresholds apply to a variant; a quantized candidate counts as INT8."""
        if name in {"fp16", "int8"}:
            return "fp16" if name == "fp16" else "int8"
        graph = self.graph(path)
        return "int8" if graph.fake_quantize or graph.int8_weights else "fp16"

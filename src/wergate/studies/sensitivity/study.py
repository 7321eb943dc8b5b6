"""Accuracy cost of each quantized layer: with only this layer quantized, and with only this layer left out."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

from wergate.corpora.corpus import Corpus
from wergate.disk.files import write_part
from wergate.environment.digest import source_digest
from wergate.environment.machine import cpu, versions
from wergate.errors import SuiteError
from wergate.evaluation.normalize import NORMALIZERS
from wergate.evaluation.wer import WordErrors, count_word_errors
from wergate.gates.wer import no_words
from wergate.models.variant import Variant
from wergate.networks.ir.conversion import FRONTEND_FILE, MODEL_FILE, save_ir
from wergate.networks.ir.file import read_ir
from wergate.networks.ir.layers import QuantizedIr, QuantizedLayer, quantized_types
from wergate.networks.logits import LogitsDifference
from wergate.progress import Progress
from wergate.session.session import Session
from wergate.steps import step
from wergate.store import Artifact, content_key, file_digest
from wergate.studies.sensitivity.sample import Sample, SampleResult

_FIGURES = "figures.json"


@dataclass(frozen=True)
class LayerCost:
    """Cost of quantizing one layer, compared with the FP16 IR.

    Attributes:
        layer: the layer.
        alone: logits with this layer in 8 bit and all others in floating point.
        left_out: logits with this layer in floating point and all others in 8 bit.
        alone_errors, left_out_errors: word errors of the same two on the search utterances, for the worst layers
            only; otherwise None.
    """

    layer: QuantizedLayer
    alone: LogitsDifference
    left_out: LogitsDifference
    alone_errors: WordErrors | None = None
    left_out_errors: WordErrors | None = None


@dataclass(frozen=True)
class GroupCost:
    """Cost of quantizing the layers of the spectral front end together, compared with the FP16 IR.

    Attributes:
        names: the layers, in the network's order.
        operations: types of all operations of the front end by name, in 8 bit or not.
        alone: result with these layers in 8 bit and all others in floating point.
        left_out: result with these layers in floating point and all others in 8 bit.
        alone_errors, left_out_errors: word errors of the same two on the search utterances.
    """

    names: tuple[str, ...]
    operations: Mapping[str, str]
    alone: LogitsDifference
    left_out: LogitsDifference
    alone_errors: WordErrors
    left_out_errors: WordErrors


@dataclass(frozen=True)
class Sensitivity:
    """Cost of each layer of a variant, the worst first.

    Attributes:
        sample: utterances of the calibration corpus that the layers are ranked on.
        search: utterances that word errors are counted on.
        quantized: logits of the whole variant.
        restored: logits of the variant with all its layers in floating point, which must equal the FP16 IR's.
        layers: cost of each layer.
        fp16_errors, quantized_errors: word errors of the FP16 IR and of the variant on the search utterances.
        front_end: cost of the spectral front end; None if the network has none in 8 bit.
    """

    sample: Corpus
    search: Corpus
    quantized: LogitsDifference
    restored: LogitsDifference
    layers: tuple[LayerCost, ...]
    fp16_errors: WordErrors
    quantized_errors: WordErrors
    front_end: GroupCost | None = None


class LayerStudy:
    """Measurements of a variant with any of its layers in floating point; each result is an artifact of the store."""

    def __init__(self, session: Session, variant: Variant) -> None:
        """Draw the sample and the search utterances.

        Raises:
            SuiteError: the variant has no quantized layer.
        """
        self._session, self.variant, model = session, variant, variant.model
        self.settings = session.config.settings_of(model).sensitivity
        spec = session.corpora.first(model)
        self._normalizer_name = session.corpora.normalizer(model, spec)
        self.normalizer = NORMALIZERS[self._normalizer_name]
        evaluated, pool = session.corpora.corpus(model, spec), session.corpora.calibration(model)
        # at most half of the corpus is searched, so that the rest can judge the scope
        searched = min(self.settings.search_utterances, len(evaluated) // 2 or 1)
        self.search = evaluated.drawn(searched, seed=self.settings.seed, part="search")
        sampled, source = self.settings.sample_utterances, pool if len(pool) else evaluated
        self.sample = source.drawn(sampled, seed=self.settings.seed, part="sample")
        self._original = session.models.ir(model, "fp16")
        self._samples = {corpus.fingerprint: self._sample(corpus) for corpus in (self.search, self.sample)}
        if not self.ir.layers:
            raise SuiteError(
                f"'{variant.name}' of '{model}' has no quantized layer to rank; the study accepts IRs with "
                "FakeQuantize operations or 8-bit weights; choose one with --candidate"
            )

    @cached_property
    def ir(self) -> QuantizedIr:
        """The variant's quantized layers, matched with those of the FP16 IR."""
        with step(f"matching the layers of {self._named} with those of its FP16 IR"):
            return QuantizedIr(self.variant.path, self._original.file(MODEL_FILE))

    @property
    def _named(self) -> str:
        return f"{self.variant.subject} of '{self.variant.model}'"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all quantized layers, in the network's order."""
        return tuple(layer.name for layer in self.ir.layers)

    def figures(self, left_out: Collection[str], corpus: Corpus) -> SampleResult:
        """Return the result of the variant on a sample with these layers in floating point."""
        sample = self._samples[corpus.fingerprint]

        def measure() -> SampleResult:
            with step(f"putting {_listed(left_out)} of {self._named} back into floating point"):
                model = self.ir.without(left_out)
            with step(f"inference of {self._named} with {_listed(left_out)} in floating point"):
                return sample.figures(model, self.variant.path)

        return self._stored(corpus, {"left_out": sorted(left_out)}, measure)

    def figures_of(self, ir: Artifact, corpus: Corpus) -> SampleResult:
        """Return the result of another IR of the same network on a sample."""
        sample, path = self._samples[corpus.fingerprint], ir.file(MODEL_FILE)
        return self._stored(corpus, {"instead": [ir.key]}, lambda: sample.figures(read_ir(path), path))

    def in_fp16(self, layers: Iterable[str]) -> tuple[str, ...]:
        """Return the names of layers in the FP16 IR, or in the variant where the FP16 IR has no match."""
        twins = {layer.name: layer.twin or layer.name for layer in self.ir.layers}
        return tuple(twins[name] for name in layers)

    def newly_quantized(self, ir: Artifact) -> tuple[str, ...]:
        """Return the names of layers that are quantized in an IR from the same FP16 IR, but not in the variant."""
        return tuple(name for name in quantized_types(ir.file(MODEL_FILE)) if name not in self.names)

    def fp16(self, corpus: Corpus) -> SampleResult:
        """Return the result of the FP16 IR on a sample."""
        with step(f"inference of the FP16 IR of '{self.variant.model}'"):
            return self._stored(corpus, {}, self._samples[corpus.fingerprint].original_figures)

    def errors(self, figures: SampleResult) -> WordErrors:
        """Return the word errors of a result on the search utterances.

        Raises:
            SuiteError: these utterances have no words.
        """
        texts = self._samples[self.search.fingerprint].texts
        by_utterance = count_word_errors(
            references=list(texts.values()),
            hypotheses=[figures.hypotheses[id_] for id_ in texts],
            normalizer=self.normalizer,
        )
        total = sum(by_utterance, WordErrors())
        if not total.words:
            raise no_words(self.search.name, len(texts), self._normalizer_name)
        return total

    def _sample(self, corpus: Corpus) -> Sample:
        config = self._session.config
        return Sample(
            corpus,
            self.variant.frontend,
            self._original.file(MODEL_FILE),
            device=config.device,
            inference_precision=config.inference_precision,
        )

    def _stored(
        self, corpus: Corpus, changes: Mapping[str, list[str]], measure: Callable[[], SampleResult]
    ) -> SampleResult:
        def build(folder: Path) -> None:
            write_part(folder / _FIGURES, json.dumps(asdict(measure()), ensure_ascii=False))

        parts = {**self.parts, **changes, "audio": dict(corpus.digests)}
        artifact = self._used(self._session.store.get("layer-figures", parts, build))
        figures = json.loads(artifact.file(_FIGURES).read_text(encoding="utf-8"))
        return SampleResult(LogitsDifference(**figures["logits"]), figures["worst_sqnr_db"], figures["hypotheses"])

    def _used(self, artifact: Artifact) -> Artifact:
        return self._session.memo.used(self.variant.model, None, artifact)

    def edited(self, layers: Sequence[str]) -> Artifact:
        """Return the variant with these layers in floating point, as an artifact of the store."""

        def build(folder: Path) -> None:
            save_ir(self.ir.without(layers), folder / MODEL_FILE)
            write_part(folder / FRONTEND_FILE, self._original.file(FRONTEND_FILE).read_bytes())

        parts = {**self.parts, "left_out": sorted(layers)}
        return self._used(self._session.store.get("partly-quantized-ir", parts, build))

    @cached_property
    def parts(self) -> dict[str, object]:
        """Inputs of the store key of every result."""
        files = (self.variant.path, self.variant.path.with_suffix(".bin"))
        config = self._session.config
        return {
            "ir": content_key({path.suffix: file_digest(path) for path in files}),
            "fp16": self._original.key,
            "frontend": asdict(self.variant.frontend),
            "device": config.device,
            "inference_precision": config.inference_precision,
            "isa": cpu().isa,
            "versions": versions(("openvino", "numpy", "soxr", "soundfile")),
            "source": source_digest(__name__),
        }


def _listed(layers: Collection[str]) -> str:
    """Return the number of layers, or the name of the only one."""
    return f"layer '{next(iter(layers))}'" if len(layers) == 1 else f"{len(layers)} layers"


def sensitivity(study: LayerStudy, progress: Progress) -> Sensitivity:
    """Measure each layer alone and left out, rank the layers, and count the word errors of the worst.

    The worst layer has the lowest SQNR when it is the only one in 8 bit; ties go to the lower argmax agreement.
    """
    everything = frozenset(study.names)
    costs = [_cost(study, layer, everything) for layer in progress(study.ir.layers, f"layers of {study.variant.name}")]
    ranked = sorted(costs, key=lambda cost: (cost.alone.sqnr_db, cost.alone.argmax_agreement))
    worst = study.settings.wer_layers
    counted = progress(ranked[:worst], "word errors of the worst layers")
    with_errors = [_with_errors(study, cost, everything) for cost in counted]
    return Sensitivity(
        study.sample,
        study.search,
        study.figures((), study.sample).logits,
        study.figures(everything, study.sample).logits,
        (*with_errors, *ranked[worst:]),
        study.errors(study.fp16(study.search)),
        study.errors(study.figures((), study.search)),
        _front_end(study, everything),
    )


def _front_end(study: LayerStudy, everything: frozenset[str]) -> GroupCost | None:
    group = study.ir.front_end
    if not group:
        return None
    alone, left_out = (study.figures(names, study.sample) for names in (everything - group, group))
    errors = (study.errors(study.figures(names, study.search)) for names in (everything - group, group))
    names = tuple(name for name in study.names if name in group)
    return GroupCost(names, study.ir.front_end_operations, alone.logits, left_out.logits, *errors)


def _cost(study: LayerStudy, layer: QuantizedLayer, everything: frozenset[str]) -> LayerCost:
    alone, left_out = (study.figures(names, study.sample) for names in (everything - {layer.name}, {layer.name}))
    return LayerCost(layer, alone.logits, left_out.logits)


def _with_errors(study: LayerStudy, cost: LayerCost, everything: frozenset[str]) -> LayerCost:
    name = cost.layer.name
    alone, left_out = (study.errors(study.figures(n, study.search)) for n in (everything - {name}, {name}))
    return replace(cost, alone_errors=alone, left_out_errors=left_out)

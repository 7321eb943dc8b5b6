"""The corpora of a session: evaluation and calibration corpora of each model, without a shared utterance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from wergate.config.base import QuantizerName
from wergate.config.suite import SuiteConfig
from wergate.corpora.corpus import Corpus, open_corpus, require_disjoint
from wergate.corpora.durations import span_of, uncalibrated_note
from wergate.corpora.spec import CorpusSpec
from wergate.networks.frontend import Frontend
from wergate.session.matrix import calibration_spec, corpus_specs
from wergate.session.memo import CorpusUse, Resources
from wergate.steps import step

_WITHOUT_CALIBRATION: tuple[QuantizerName, ...] = ("int8-weights",)
_FRAME_MAX_S = 0.25  # no known model needs more audio for its first frame


class Corpora:
    """Opens each corpus once."""

    def __init__(
        self, config: SuiteConfig, resources: Resources, *, embedded: Path, frontend: Callable[[str], Frontend]
    ) -> None:
        """Take the configuration; corpora are opened on demand.

        Args:
            embedded: the folder of the embedded checkpoint and corpus.
            frontend: returns a model's frame geometry, which needs its FP16 IR.
        """
        self._frontend = frontend
        self._config = config
        self._embedded = embedded
        self._store, self._progress, self._memo = resources.store, resources.progress, resources.memo

    def corpus(self, model: str, spec: CorpusSpec) -> Corpus:
        """Return an evaluation corpus that shares no utterance with the model's calibration corpus.

        Raises:
            SuiteError: the corpus cannot be opened, or shares utterances with the calibration corpus.
        """

        def make() -> Corpus:
            held_out = self._calibration_spec(model) is None and spec == self.first(model)
            corpus = self._split(model)[0] if held_out else self._long_enough(model, spec)
            require_disjoint(corpus, self.calibration(model))
            # a part that is held out is drawn over all durations
            notes = () if held_out else self._notes(model, corpus)
            self._memo.uses.corpora.append(CorpusUse(model, corpus, notes))
            return corpus

        return self._memo.get(("corpus", model, spec), make)

    def calibration(self, model: str) -> Corpus:
        """Return the calibration corpus of a model: the configured one, or a part of its first evaluation corpus."""

        def make() -> Corpus:
            spec = self._calibration_spec(model)
            corpus = self._split(model)[1] if spec is None else self._long_enough(model, spec)
            if len(corpus) and self._calibrates:
                self._memo.uses.calibrations.append(CorpusUse(model, corpus))
            return corpus

        return self._memo.get(("calibration", model), make)

    def calibration_part(self, model: str) -> Corpus | None:
        """Return the part of a model's first corpus that calibrates INT8; None if another corpus does.

        No model is needed for it, so it may still hold utterances that are too short for one frame of the model.
        """
        if self._calibration_spec(model) is not None:
            return None
        return self._opened(self.first(model)).hold_out(self._subset_size(model))[1]

    def first(self, model: str) -> CorpusSpec:
        """Return the first evaluation corpus of a model."""
        return corpus_specs(self._config, self._config.settings_of(model).corpora[0], self._embedded)[0]

    def normalizer(self, model: str, spec: CorpusSpec) -> str:
        """Return the name of the normalizer for a model on a corpus: the corpus's own, else the model's."""
        return self._config.corpus_of(spec.name).normalizer or self._config.settings_of(model).normalizer

    def _notes(self, model: str, corpus: Corpus) -> tuple[str, ...]:
        """Return a remark on durations that the model's INT8 is not calibrated on."""
        calibration = self.calibration(model)
        if (
            not self._calibrates
            or not len(calibration)
            or self._config.settings_of(model).quantizer in _WITHOUT_CALIBRATION
        ):
            return ()
        note = uncalibrated_note(corpus.durations.values(), span_of(calibration.durations.values()))
        return () if note is None else (note,)

    @property
    def _calibrates(self) -> bool:
        return "int8" in self._config.precisions

    def _calibration_spec(self, model: str) -> CorpusSpec | None:
        return calibration_spec(self._config, model, self._embedded)

    def _split(self, model: str) -> tuple[Corpus, Corpus]:
        """Split a model's first corpus into an evaluation and a calibration part, which is empty without INT8."""
        whole = self._long_enough(model, self.first(model))
        if not self._calibrates:
            return whole, replace(whole, entries=())
        count = self._subset_size(model)
        return self._memo.get(("split", model, whole.spec, count), lambda: whole.hold_out(count))

    def _subset_size(self, model: str) -> int:
        return self._config.settings_of(model).quantization.subset_size

    def _long_enough(self, model: str, spec: CorpusSpec) -> Corpus:
        """Open a corpus, and treat utterances that are too short for one frame of a model as unusable."""
        opened = self._opened(spec)
        if all(entry.duration_s > _FRAME_MAX_S for entry in opened.whole):
            return opened  # so that neither a mistake in the corpus nor a warm start waits for the model
        frontend = self._frontend(model)
        return opened.without_short(frontend.shortest_input(), frontend.sampling_rate, model=model)

    def _opened(self, spec: CorpusSpec) -> Corpus:
        def make() -> Corpus:
            with step(f"reading corpus '{spec.name}'"):
                return open_corpus(spec, progress=self._progress, store=self._store)

        return self._memo.get(("opened", spec), make)

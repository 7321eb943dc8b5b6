"""A session: everything that one run builds, each once and on demand.

checkpoint -> FP16 IR -> INT8 IR -> recognizers -> reference run and evaluations
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from wergate.config.base import QuantizerName
from wergate.config.suite import SuiteConfig
from wergate.config.variants import REFERENCE
from wergate.evaluation.evaluation import Evaluation
from wergate.evaluation.transcript_file import TranscriptFile
from wergate.models.variant import Variant
from wergate.networks.frontend import Frontend
from wergate.progress import Progress, silent
from wergate.recognizers.base import Recognizer
from wergate.session.corpora import Corpora
from wergate.session.evaluations import Evaluations
from wergate.session.executor import Executor
from wergate.session.matrix import Cell
from wergate.session.memo import Memo, Resources
from wergate.session.models import Models
from wergate.session.recognizers import Recognizers
from wergate.store import Store


class Session:
    """All parts of one run, which share one memory.

    Attributes:
        corpora: evaluation and calibration corpora.
        models: reference models, their IRs and their variants.
        recognizers: compiled variants.
        evaluations: evaluations of variants on corpora.
        memo: values built so far, and a record of what was used.
    """

    def __init__(
        self,
        config: SuiteConfig,
        *,
        embedded: Path,
        store: Store,
        progress: Progress = silent,
        transcripts: TranscriptFile | None = None,
        executor: Executor | None = None,
    ) -> None:
        """Take the configuration; everything is loaded and built on demand.

        Args:
            embedded: the folder of the embedded checkpoint and corpus.
            transcripts: file for finished transcripts, from which a later run resumes; None for no file.
            executor: evaluates corpora on other machines; None to do so in this process.
        """
        self.config, self.store, self.progress, self._embedded = config, store, progress, embedded
        self._executor = executor
        self.memo = Memo()
        resources = Resources(store, progress, self.memo)
        self.corpora = Corpora(config, resources, embedded=embedded, frontend=self.frontend)
        self.recognizers = Recognizers(config, resources)
        self.models = Models(
            config, resources, embedded=embedded, corpora=self.corpora, make_room=self.recognizers.release
        )
        self.evaluations = Evaluations(
            config,
            resources,
            corpora=self.corpora,
            models=self.models,
            recognizers=self.recognizers,
            transcripts=transcripts,
            executor=executor,
        )

    def variant(self, model: str, name: str) -> Variant:
        """Return the variant of a model that is named "fp16", "int8" or after a candidate."""
        return self.models.variant(model, name)

    def frontend(self, model: str) -> Frontend:
        """Return a model's features, frame geometry and alphabet."""
        return self.models.frontend(model)

    def recognizer(self, model: str, name: str, *, samples: int | None = None) -> Recognizer:
        """Return the recognizer of the reference model or of a variant.

        Args:
            name: REFERENCE for the reference model, or the name of a variant.
            samples: the only input length of a variant, unless `shapes = "dynamic"`; any length by default.
        """
        if name == REFERENCE:
            return self.models.reference_recognizer(model)
        variant = self.variant(model, name)
        return self.recognizers.single(variant) if samples is None else self.recognizers.fixed_length(variant, samples)

    def evaluation(self, cell: Cell) -> Evaluation:
        """Return the evaluation of one variant on one corpus."""
        return self.evaluations.evaluation(cell)

    def release(self) -> None:
        """Let all compiled models and the weights of reference models go; what needs them next loads them again."""
        self.recognizers.release()
        self.models.release()

    def with_quantizer(self, quantizer: QuantizerName) -> Session:
        """Return a copy of this session with another quantizer."""
        config = self.config.with_quantizer(quantizer)
        make = partial(
            Session,
            config,
            embedded=self._embedded,
            store=self.store,
            progress=self.progress,
            executor=self._executor,
        )
        return self.memo.get(("session", quantizer), make)

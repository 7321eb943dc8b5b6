"""A model on other instruction sets than this machine's best: each evaluation in a process of its own."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from pathlib import Path

import numpy as np

from wergate.config.suite import SuiteConfig
from wergate.corpora.audio import Samples
from wergate.corpora.spec import CorpusSpec
from wergate.errors import SuiteError
from wergate.evaluation.evaluation import Evaluation
from wergate.evaluation.significance import WerDrop, paired_bootstrap
from wergate.models.variant import Variant
from wergate.networks.ctc import Logits
from wergate.networks.ir.conversion import FRONTEND_FILE, MODEL_FILE
from wergate.networks.logits import LogitsDifference, difference
from wergate.recognizers.base import Recognizer
from wergate.recognizers.subprocess.client import ApartRecognizer
from wergate.recognizers.subprocess.messages import Executed, Order
from wergate.session.session import Session
from wergate.store import Artifact, text_digest
from wergate.studies.portability.instruction_sets import INSTRUCTION_SETS, Place, beyond, limited, unavailable


class NotShownError(SuiteError):
    """This machine cannot show what was asked for: no fault of the model."""


@dataclass(frozen=True)
class Shown:
    """A variant of a model on a corpus, as it came out on one instruction set.

    Attributes:
        executed: what the compiled model really was.
        evaluation: beside the reference model.
        against_native: its logits beside those on the native instruction set.
        native: word errors by utterance there.
        is_native: whether this is what the others are compared with.
    """

    place: Place
    executed: Executed
    evaluation: Evaluation
    against_native: LogitsDifference
    native: tuple[int, ...]
    is_native: bool

    @cached_property
    def loss(self) -> WerDrop:
        """How much higher the word error rate is than on the native instruction set."""
        errors = self.evaluation.candidate.errors
        return paired_bootstrap(
            words=[found.words for found in errors],
            reference=self.native,
            candidate=[found.errors for found in errors],
        )


def places(config: SuiteConfig) -> tuple[Place, ...]:
    """Return where INT8 is to be shown: on what is asked for, else on every instruction set.

    The first is what the others are compared with: native, in the run's own inference precision.
    """
    precisions = config.isa_precisions or [config.inference_precision]
    first = native(config)
    asked = [Place(isa, precision) for isa, precision in product(config.isas, precisions)]
    others = [place for place in asked if place != first] or [Place(isa, first.precision) for isa in INSTRUCTION_SETS]
    return tuple(dict.fromkeys([first, *others]))


def native(config: SuiteConfig) -> Place:
    """Return where a plain run evaluates."""
    return Place("native", config.inference_precision)


class Portability:
    """Evaluations on other instruction sets, each made once in a session."""

    def __init__(self, session: Session, folder: Path) -> None:
        """Evaluate what the session builds.

        Args:
            folder: empty, for logits: as many bytes as the reference run's.
        """
        self.session = session
        self._folder = folder
        self._made: dict[tuple[Path, CorpusSpec, Place], Shown] = {}

    def shown(self, variant: Variant, spec: CorpusSpec, place: Place, ir: Artifact | None = None) -> Shown:
        """Return what came out on an instruction set.

        Args:
            ir: another IR of the model than the variant's; it is compared with the variant's on the native one.

        Raises:
            NotShownError: this machine cannot show it.
            SuiteError: the model cannot be run there.
        """
        key = variant.path if ir is None else ir.file(MODEL_FILE), spec, place
        if key not in self._made:
            self._made[key] = self._shown(variant, spec, place, ir)
        return self._made[key]

    def _shown(self, variant: Variant, spec: CorpusSpec, place: Place, ir: Artifact | None) -> Shown:
        base = native(self.session.config)
        first = None if (place, ir) == (base, None) else self.shown(variant, spec, base)
        with self.apart(variant, place, ir) as recognizer:
            beside = _Beside(recognizer, self._logits_folder(variant, spec), keep=first is None)
            there = replace(variant, subject=place.name(variant.name))
            evaluation = self.session.evaluations.evaluate(there, spec, lambda: beside)
        errors = tuple(found.errors for found in (first.evaluation if first else evaluation).candidate.errors)
        return Shown(place, recognizer.opening, evaluation, beside.difference, errors, is_native=first is None)

    def apart(
        self, variant: Variant, place: Place, ir: Artifact | None = None, *, streams: int | None = None
    ) -> ApartRecognizer:
        """Return the model, compiled in a process of its own.

        Raises:
            NotShownError, SuiteError: as of `shown`.
        """
        session, config = self.session, self.session.config
        reason = unavailable(place.isa, config.device)
        if reason:
            raise NotShownError(reason)
        recognizer = ApartRecognizer(
            Order(
                path=variant.path if ir is None else ir.file(MODEL_FILE),
                frontend=session.models.ir(variant.model, "fp16").file(FRONTEND_FILE),
                device=config.device,
                inference_precision=place.precision,
                streams=streams or session.recognizers.corpus_streams,
            ),
            variant.frontend,
            environment=limited(os.environ, place.isa),
            name=place.name(variant.name),
            patience_s=config.settings_of(variant.model).portability.patience_s,
        )
        reason = _not_that(place, recognizer.opening)
        if reason:
            recognizer.close()
            raise NotShownError(reason)
        return recognizer

    def _logits_folder(self, variant: Variant, spec: CorpusSpec) -> Path:
        folder = self._folder / text_digest(repr((variant.path, spec)))
        folder.mkdir(exist_ok=True)
        return folder


class _Beside:
    """Passes logits on, and keeps them, or compares them with what was kept of the same samples."""

    def __init__(self, recognizer: Recognizer, folder: Path, *, keep: bool) -> None:
        self.frontend = recognizer.frontend
        self.difference = LogitsDifference()
        self._recognizer = recognizer
        self._folder = folder
        self._keep = keep

    def logits(self, waveforms: Samples) -> Logits:
        """See `Recognizer.logits`."""
        return self._recognizer.logits(waveforms)

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        """See `Recognizer.logits_of`."""
        found = self._recognizer.logits_of(utterances)
        for samples, logits in zip(utterances, found, strict=True):
            path = self._folder / f"{hashlib.sha256(samples.tobytes()).hexdigest()}.npy"
            if self._keep:
                np.save(path, logits, allow_pickle=False)
            self.difference += difference(reference=np.load(path, allow_pickle=False), candidate=logits)
        return found


def _not_that(place: Place, executed: Executed) -> str:
    """Return why what was executed does not show a place; empty where it does."""
    if executed.precision != place.precision:
        return f"{place.precision} was asked for and {executed.precision} taken: {place.isa} has no {place.precision}"
    too_wide = beyond(place.isa, [primitive.name for primitive in executed.primitives])
    return f"the runtime executes {too_wide} though it was limited to {place.isa}" if too_wide else ""

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
from wergate.recognizers.subprocess.client import SubprocessRecognizer
from wergate.recognizers.subprocess.messages import Executed, Order
from wergate.session.session import Session
from wergate.store import Artifact, text_digest
from wergate.studies.portability.instruction_sets import INSTRUCTION_SETS, IsaTarget, beyond, limited, unavailable


class IsaUnavailableError(SuiteError):
    """This machine cannot show what was asked for: no fault of the model."""


@dataclass(frozen=True)
class IsaResult:
    """A variant of a model on a corpus, as it came out on one instruction set.

    Attributes:
        executed: what the compiled model really was.
        evaluation: beside the reference model.
        against_native: its logits beside those on the native instruction set.
        native: word errors by utterance there.
        is_native: whether this is what the others are compared with.
    """

    target: IsaTarget
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


def targets(config: SuiteConfig) -> tuple[IsaTarget, ...]:
    """Return where INT8 is to be shown: on what is asked for, else on every instruction set.

    The first is what the others are compared with: native, in the run's own inference precision.
    """
    precisions = config.isa_precisions or [config.inference_precision]
    first = native(config)
    asked = [IsaTarget(isa, precision) for isa, precision in product(config.isas, precisions)]
    others = [target for target in asked if target != first] or [
        IsaTarget(isa, first.precision) for isa in INSTRUCTION_SETS
    ]
    return tuple(dict.fromkeys([first, *others]))


def native(config: SuiteConfig) -> IsaTarget:
    """Return where a plain run evaluates."""
    return IsaTarget("native", config.inference_precision)


class Portability:
    """Evaluations on other instruction sets, each made once in a session."""

    def __init__(self, session: Session, folder: Path) -> None:
        """Evaluate what the session builds.

        Args:
            folder: empty, for logits: as many bytes as the reference run's.
        """
        self.session = session
        self._folder = folder
        self._made: dict[tuple[Path, CorpusSpec, IsaTarget], IsaResult] = {}

    def isa_result(
        self, variant: Variant, spec: CorpusSpec, target: IsaTarget, ir: Artifact | None = None
    ) -> IsaResult:
        """Return what came out on an instruction set.

        Args:
            ir: another IR of the model than the variant's; it is compared with the variant's on the native one.

        Raises:
            IsaUnavailableError: this machine cannot show it.
            SuiteError: the model cannot be run there.
        """
        key = variant.path if ir is None else ir.file(MODEL_FILE), spec, target
        if key not in self._made:
            self._made[key] = self._shown(variant, spec, target, ir)
        return self._made[key]

    def _shown(self, variant: Variant, spec: CorpusSpec, target: IsaTarget, ir: Artifact | None) -> IsaResult:
        base = native(self.session.config)
        first = None if (target, ir) == (base, None) else self.isa_result(variant, spec, base)
        with self.apart(variant, target, ir) as recognizer:
            beside = _ComparedRecognizer(recognizer, self._logits_folder(variant, spec), keep=first is None)
            there = replace(variant, subject=target.name(variant.name))
            evaluation = self.session.evaluations.evaluate(there, spec, lambda: beside)
        errors = tuple(found.errors for found in (first.evaluation if first else evaluation).candidate.errors)
        return IsaResult(target, recognizer.opening, evaluation, beside.difference, errors, is_native=first is None)

    def apart(
        self, variant: Variant, target: IsaTarget, ir: Artifact | None = None, *, streams: int | None = None
    ) -> SubprocessRecognizer:
        """Return the model, compiled in a process of its own.

        Raises:
            IsaUnavailableError, SuiteError: as of `isa_result`.
        """
        session, config = self.session, self.session.config
        reason = unavailable(target.isa, config.device)
        if reason:
            raise IsaUnavailableError(reason)
        recognizer = SubprocessRecognizer(
            Order(
                path=variant.path if ir is None else ir.file(MODEL_FILE),
                frontend=session.models.ir(variant.model, "fp16").file(FRONTEND_FILE),
                device=config.device,
                inference_precision=target.precision,
                streams=streams or session.recognizers.corpus_streams,
            ),
            variant.frontend,
            environment=limited(os.environ, target.isa),
            name=target.name(variant.name),
            patience_s=config.settings_of(variant.model).portability.patience_s,
        )
        reason = _not_that(target, recognizer.opening)
        if reason:
            recognizer.close()
            raise IsaUnavailableError(reason)
        return recognizer

    def _logits_folder(self, variant: Variant, spec: CorpusSpec) -> Path:
        folder = self._folder / text_digest(repr((variant.path, spec)))
        folder.mkdir(exist_ok=True)
        return folder


class _ComparedRecognizer:
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


def _not_that(target: IsaTarget, executed: Executed) -> str:
    """Return why what was executed does not show a place; empty where it does."""
    if executed.precision != target.precision:
        return (
            f"{target.precision} was asked for and {executed.precision} taken: {target.isa} has no {target.precision}"
        )
    too_wide = beyond(target.isa, [primitive.name for primitive in executed.primitives])
    return f"the runtime executes {too_wide} though it was limited to {target.isa}" if too_wide else ""

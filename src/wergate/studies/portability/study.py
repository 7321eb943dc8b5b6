"""Evaluations of a model on other instruction sets than this machine's best, each in a separate process."""

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
from wergate.evaluation.significance.drop import WerDrop, wer_drop
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
    """This machine cannot run the requested target, which says nothing about the model."""


@dataclass(frozen=True)
class IsaResult:
    """Result of a variant on a corpus and one instruction set.

    Attributes:
        target: instruction set and inference precision.
        executed: precision and primitives of the compiled model, read back from the runtime.
        evaluation: the evaluation against the reference model.
        against_native: difference to the logits on the native instruction set.
        native: word errors by utterance on the native instruction set.
        is_native: whether the other results are compared with this one.
    """

    target: IsaTarget
    executed: Executed
    evaluation: Evaluation
    against_native: LogitsDifference
    native: tuple[int, ...]
    is_native: bool

    @cached_property
    def loss(self) -> WerDrop:
        """Increase of the word error rate over the native instruction set, with its interval."""
        errors = self.evaluation.candidate.errors
        return wer_drop(
            words=[utterance.words for utterance in errors],
            reference=self.native,
            candidate=[utterance.errors for utterance in errors],
            names=self.evaluation.speaker_names,
        )


def targets(config: SuiteConfig) -> tuple[IsaTarget, ...]:
    """Return the targets to evaluate INT8 on: those that the options name, otherwise every instruction set.

    The first target is native in the run's own inference precision; the others are compared with it.
    """
    precisions = config.isa_precisions or [config.inference_precision]
    first = native(config)
    requested = [IsaTarget(isa, precision) for isa, precision in product(config.isas, precisions)]
    others = [target for target in requested if target != first] or [
        IsaTarget(isa, first.precision) for isa in INSTRUCTION_SETS
    ]
    return tuple(dict.fromkeys([first, *others]))


def native(config: SuiteConfig) -> IsaTarget:
    """Return the target of a plain run."""
    return IsaTarget("native", config.inference_precision)


class Portability:
    """Evaluations on other instruction sets, each run once per session."""

    def __init__(self, session: Session, folder: Path) -> None:
        """Prepare evaluations of a session's models.

        Args:
            session: the session.
            folder: an empty folder for logits. It grows to about the size of the stored reference run.
        """
        self.session = session
        self._folder = folder
        self._results: dict[tuple[Path, CorpusSpec, IsaTarget], IsaResult] = {}

    def isa_result(
        self, variant: Variant, spec: CorpusSpec, target: IsaTarget, ir: Artifact | None = None
    ) -> IsaResult:
        """Return the result of a variant on an instruction set.

        Args:
            variant: the variant to run.
            spec: the corpus.
            target: instruction set and inference precision.
            ir: another IR of the model to run instead. It is compared with the variant's own IR on the native target.

        Raises:
            IsaUnavailableError: this machine cannot run the target.
            SuiteError: the model cannot run on the target.
        """
        key = variant.path if ir is None else ir.file(MODEL_FILE), spec, target
        if key not in self._results:
            self._results[key] = self._evaluated(variant, spec, target, ir)
        return self._results[key]

    def _evaluated(self, variant: Variant, spec: CorpusSpec, target: IsaTarget, ir: Artifact | None) -> IsaResult:
        base = native(self.session.config)
        first = None if (target, ir) == (base, None) else self.isa_result(variant, spec, base)
        with self.recognizer(variant, target, ir) as recognizer:
            compared = _ComparedRecognizer(recognizer, self._logits_folder(variant, spec), keep=first is None)
            on_target = replace(variant, subject=target.name(variant.name))
            evaluation = self.session.evaluations.evaluate(on_target, spec, lambda: compared)
        native_errors = (first.evaluation if first else evaluation).candidate.errors
        return IsaResult(
            target,
            recognizer.opening,
            evaluation,
            compared.difference,
            tuple(utterance.errors for utterance in native_errors),
            is_native=first is None,
        )

    def recognizer(
        self, variant: Variant, target: IsaTarget, ir: Artifact | None = None, *, streams: int | None = None
    ) -> SubprocessRecognizer:
        """Return a recognizer that runs the model on a target, in a separate process.

        Raises:
            IsaUnavailableError, SuiteError: see `isa_result`.
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
        reason = _mismatch(target, recognizer.opening)
        if reason:
            recognizer.close()
            raise IsaUnavailableError(reason)
        return recognizer

    def _logits_folder(self, variant: Variant, spec: CorpusSpec) -> Path:
        folder = self._folder / text_digest(repr((variant.path, spec)))
        folder.mkdir(exist_ok=True)
        return folder


class _ComparedRecognizer:
    """A recognizer that also saves its logits, or compares them with the saved ones of the same samples."""

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
        results = self._recognizer.logits_of(utterances)
        for samples, logits in zip(utterances, results, strict=True):
            path = self._folder / f"{hashlib.sha256(samples.tobytes()).hexdigest()}.npy"
            if self._keep:
                np.save(path, logits, allow_pickle=False)
            self.difference += difference(reference=np.load(path, allow_pickle=False), candidate=logits)
        return results


def _mismatch(target: IsaTarget, executed: Executed) -> str:
    """Return why a compiled model does not represent a target; empty if it does."""
    if executed.precision != target.precision:
        return f"the runtime uses {executed.precision} instead of {target.precision}, which {target.isa} does not have"
    # the environment variable does not guarantee the limit, so the primitives show whether it took effect
    exceeding = beyond(target.isa, [primitive.name for primitive in executed.primitives])
    return f"the runtime executes {exceeding} although it was limited to {target.isa}" if exceeding else ""

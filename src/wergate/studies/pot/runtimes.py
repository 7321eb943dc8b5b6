"""Transcripts of one IR on two runtimes, OpenVINO 2023.3 and the current one, compared utterance by utterance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from wergate.config.quantization import PotSettings
from wergate.corpora.audio import Samples
from wergate.corpora.spec import CorpusSpec
from wergate.errors import SuiteError
from wergate.evaluation.evaluation import Evaluation
from wergate.evaluation.wer import show_alignment
from wergate.models.variant import Variant
from wergate.networks.ctc import Logits
from wergate.networks.frontend import Frontend
from wergate.quantization.legacy import Legacy, LegacyError, run_step
from wergate.recognizers.base import features
from wergate.session.matrix import Cell
from wergate.session.session import Session
from wergate.verdict import Verdict


@dataclass(frozen=True)
class TwoRuntimes:
    """Evaluations of an IR on a corpus with two runtimes.

    Attributes:
        legacy: the evaluation on the legacy OpenVINO.
        today: the evaluation on the current OpenVINO.
        version: version of the legacy OpenVINO.
    """

    legacy: Evaluation
    today: Evaluation
    version: str

    @property
    def differing(self) -> tuple[str, ...]:
        """Ids of the utterances that the two runtimes transcribe differently."""
        pairs = zip(self.legacy.outcomes, self.today.outcomes, strict=True)
        return tuple(legacy.id for legacy, today in pairs if legacy.hypothesis != today.hypothesis)

    def lines(self) -> Iterator[str]:
        """Yield the id and the two aligned transcripts of each utterance that differs."""
        for legacy, today in zip(self.legacy.outcomes, self.today.outcomes, strict=True):
            if legacy.hypothesis != today.hypothesis:
                aligned = show_alignment(reference=today.hypothesis, hypothesis=legacy.hypothesis)
                yield f"{legacy.id}\n{aligned.replace('REF:', 'NOW:').replace('HYP:', 'OLD:')}"


def two_runtimes(session: Session, variant: Variant, spec: CorpusSpec) -> TwoRuntimes:
    """Evaluate a variant on the legacy runtime and on the current one.

    Raises:
        SuiteError: there is no legacy environment, or it cannot run the IR.
    """
    legacy, folder = session.models.legacy(), session.store.root
    version = legacy.versions["openvino"]
    on_legacy = replace(variant, subject=f"{variant.name} on OpenVINO {version}")
    evaluation = session.evaluations.evaluate(
        on_legacy, spec, lambda: LegacyRecognizer(variant.path, variant.frontend, legacy, folder=folder)
    )
    return TwoRuntimes(evaluation, session.evaluation(Cell(variant.model, spec, variant.name)), version)


def runtime_verdict(runtimes: TwoRuntimes, settings: PotSettings) -> Verdict:
    """Gate the share of utterances that the two runtimes transcribe differently."""
    variant = runtimes.today.variant
    maximum = {"fp16": settings.fp16_runtime_mismatch_rate_max, "int8": settings.int8_runtime_mismatch_rate_max}
    return Verdict(
        gate="runtime_mismatch_rate",
        subject=variant.subject,
        value=len(runtimes.differing) / max(1, len(runtimes.today.outcomes)),
        relation="<=",
        threshold=maximum[variant.precision],
        basis=f"OpenVINO {runtimes.version} against the current one",
        scope=runtimes.today.scope,
        remedy="check in the list below which utterances differ, and which runtime is closer to the reference model",
    )


def as_reference(candidate: Evaluation, other: Evaluation, engine: str) -> Evaluation:
    """Return an evaluation of `candidate` with the transcripts of `other` in place of the reference model's."""
    pairs = zip(candidate.outcomes, other.outcomes, strict=True)
    outcomes = tuple(replace(own, reference_hypothesis=theirs.hypothesis) for own, theirs in pairs)
    return replace(candidate, outcomes=outcomes, engine=engine)


class LegacyRecognizer:
    """A recognizer on the legacy runtime. Each batch of utterances goes to a new process as files."""

    def __init__(self, path: Path, frontend: Frontend, legacy: Legacy, *, folder: Path) -> None:
        """Prepare to run an IR; no process starts before the first batch.

        Args:
            path: the IR's `.xml`, next to its `.bin`.
            frontend: computes the network's input.
            legacy: the environment with the legacy OpenVINO.
            folder: parent folder of temporary folders and of the log.
        """
        self.frontend = frontend
        self._path = path
        self._legacy = legacy
        self._folder = folder

    def logits(self, waveforms: Samples) -> Logits:
        """See `Recognizer.logits`."""
        return np.stack(self.logits_of(list(waveforms)))

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        """See `Recognizer.logits_of`.

        Raises:
            SuiteError: OpenVINO 2023.3 cannot run the IR.
        """
        results: list[Logits] = []

        def job(work: Path) -> Mapping[str, Any]:
            files = [work / f"{number}.npy" for number in range(len(utterances))]
            for file, samples in zip(files, utterances, strict=True):
                used = self.frontend.used_samples(len(samples))
                np.save(file, features(self.frontend, samples[None])[:, :used], allow_pickle=False)
            return {"ir": str(self._path), "files": [str(file) for file in files]}

        def read(work: Path) -> None:
            results.extend(np.load(work / f"{n}.logits.npy", allow_pickle=False)[0] for n in range(len(utterances)))

        try:
            run_step(self._legacy, "infer", job, folder=self._folder, log=self._log, read=read)
        except LegacyError as error:
            raise SuiteError(
                f"OpenVINO 2023.3 cannot run IR '{self._path.parent.name}/{self._path.name}': {error.reason}; it "
                "accepts only operations of that version; leave the IR out, or convert the model with OpenVINO 2023.3; "
                f"the log is kept in '{error.log}'"
            ) from error
        return results

    @property
    def _log(self) -> Path:
        return self._folder / "logs" / f"infer-{self._path.parent.name}.log"

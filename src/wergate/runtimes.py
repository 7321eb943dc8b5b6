"""One IR on two runtimes, OpenVINO 2023.3 and today's: utterance by utterance, the same transcript?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from wergate.config.base import Precision
from wergate.config.quantization import Pot
from wergate.corpora.spec import CorpusSpec
from wergate.evaluation.evaluate import Candidate, evaluate
from wergate.evaluation.evaluation import Evaluation
from wergate.evaluation.wer import show_alignment
from wergate.pipeline import Pipeline
from wergate.recognizers.legacy import LegacyRecognizer
from wergate.verdict import Verdict


@dataclass(frozen=True)
class TwoRuntimes:
    """An IR's transcripts of a corpus.

    Attributes:
        legacy, today: each beside the reference model's.
        version: of the legacy OpenVINO.
    """

    legacy: Evaluation
    today: Evaluation
    version: str

    @property
    def differing(self) -> tuple[str, ...]:
        """The utterances that the two transcribe otherwise."""
        pairs = zip(self.legacy.outcomes, self.today.outcomes, strict=True)
        return tuple(legacy.id for legacy, today in pairs if legacy.hypothesis != today.hypothesis)

    def lines(self) -> Iterator[str]:
        """Yield each differing utterance, both transcripts aligned."""
        for legacy, today in zip(self.legacy.outcomes, self.today.outcomes, strict=True):
            if legacy.hypothesis != today.hypothesis:
                aligned = show_alignment(reference=today.hypothesis, hypothesis=legacy.hypothesis)
                yield f"{legacy.id}\n{aligned.replace('REF:', 'NOW:').replace('HYP:', 'OLD:')}"


def two_runtimes(pipeline: Pipeline, model: str, spec: CorpusSpec, variant: str) -> TwoRuntimes:
    """Run a variant on the legacy runtime, too.

    Raises:
        SuiteError: there is no legacy environment, or it does not take the IR.
    """
    legacy, corpus = pipeline.legacy(), pipeline.corpus(model, spec)
    frontend, path = pipeline.frontend(model), pipeline.ir_path(model, variant)
    found = evaluate(
        Candidate(
            f"{variant} on OpenVINO {legacy.versions['openvino']}",
            frontend,
            lambda: LegacyRecognizer(path, frontend, legacy, folder=pipeline.store.root),
        ),
        corpus,
        lambda: pipeline.reference(model, spec),
        engine=pipeline.reference_model(model).engine,
        normalizer=pipeline.normalizer(model, spec),
        progress=pipeline.progress,
    )
    return TwoRuntimes(found, pipeline.evaluation(model, spec, variant), legacy.versions["openvino"])


def runtime_verdict(found: TwoRuntimes, settings: Pot, *, held_as: Precision, subject: str, model: str) -> Verdict:
    """Gate the share of utterances that the two runtimes transcribe otherwise."""
    most = {"fp16": settings.fp16_runtime_mismatch_rate_max, "int8": settings.int8_runtime_mismatch_rate_max}
    return Verdict(
        gate="runtime_mismatch_rate",
        subject=subject,
        value=len(found.differing) / max(1, len(found.today.outcomes)),
        relation="<=",
        threshold=most[held_as],
        basis=f"OpenVINO {found.version} against today's",
        scope=f"{model}, {found.today.scope}",
        remedy="see below which utterances differ, and which of the two runtimes is nearer to the reference model",
    )


def as_reference(candidate: Evaluation, other: Evaluation, engine: str) -> Evaluation:
    """Return an evaluation with another candidate's transcripts in the place of the reference model's."""
    pairs = zip(candidate.outcomes, other.outcomes, strict=True)
    outcomes = tuple(replace(own, reference_hypothesis=theirs.hypothesis) for own, theirs in pairs)
    return replace(candidate, outcomes=outcomes, engine=engine)

"""The drop of an accuracy-controlled model, on the utterances that it was tuned on and on those that it never saw."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from wergate.accuracy_control import Tuning, controlled_ir, read_tuning
from wergate.convert import MODEL_FILE
from wergate.corpus import Corpus, CorpusSpec
from wergate.draw import draw
from wergate.errors import SuiteError
from wergate.evaluation import Evaluation
from wergate.ir import ExecutedWork, graph_counts
from wergate.pipeline import Pipeline
from wergate.settings import AccuracyControl
from wergate.store import Artifact

SUBJECT = "accuracy-controlled INT8"


@dataclass(frozen=True)
class ControlledModel:
    """An accuracy-controlled IR beside the ordinary INT8 IR of the same calibration.

    Attributes:
        corpus: what its validation utterances were drawn from.
        tuned: on these utterances.
        work, plain_work: what it and the ordinary INT8 IR execute.
        fake_quantize, plain_fake_quantize: operations in the graphs.
    """

    ir: Artifact
    tuning: Tuning
    corpus: CorpusSpec
    tuned: Evaluation
    work: ExecutedWork
    plain_work: ExecutedWork
    fake_quantize: int
    plain_fake_quantize: int

    @property
    def reverted(self) -> tuple[str, ...]:
        """Layers that the ordinary INT8 IR executes in 8 bit and this one does not, by name."""
        eight_bit = {layer.name for layer in self.work.layers if layer.eight_bit}
        return tuple(sorted(x.name for x in self.plain_work.layers if x.eight_bit and x.name not in eight_bit))


def wer_drop(evaluation: Evaluation) -> float:
    """Return the candidate's WER minus the reference model's."""
    return evaluation.candidate.total.wer - evaluation.reference.total.wer


def draw_validation(corpus: Corpus, settings: AccuracyControl) -> Corpus:
    """Draw the utterances to tune on, spread over durations, none of a recording twice.

    Raises:
        SuiteError: none would be left to verify on.
    """
    unique = {entry.digest: entry for entry in reversed(corpus.entries)}.values()
    wanted = settings.validation_utterances
    if wanted >= len(unique):
        raise SuiteError(
            f"accuracy_control.validation_utterances = {wanted} leaves none of the {len(unique)} recordings of "
            f"'{corpus.name}' to verify on; fewer than {len(unique)} are accepted; lower it in suite.toml, or evaluate "
            "more utterances"
        )
    ids = draw({entry.id: entry.duration_s for entry in unique}, wanted, settings.seed)
    named = replace(corpus.spec, name=f"{corpus.name}, validation")
    return replace(corpus, spec=named, entries=tuple(entry for entry in corpus.entries if entry.id in ids))


def controlled_model(pipeline: Pipeline, model: str) -> ControlledModel:
    """Quantize a model with accuracy control, tuned on a part of its first corpus.

    Raises:
        SuiteError: no utterance of that corpus would be left to verify on.
    """
    spec, settings = pipeline.first_corpus(model), pipeline.config.settings_of(model)
    validation = draw_validation(pipeline.corpus(model, spec), settings.accuracy_control)
    ir = controlled_ir(
        pipeline.store,
        pipeline.ir(model, "fp16"),
        pipeline.calibration(model),
        validation,
        settings=settings,
        normalizer=pipeline.normalizer(model, spec),
        progress=pipeline.progress,
    )
    tuning = read_tuning(pipeline.used(model, None, ir))
    plain = pipeline.ir_path(model, "int8")
    return ControlledModel(
        ir,
        tuning,
        spec,
        part(pipeline.evaluation_of(model, spec, ir, SUBJECT), tuning.utterances),
        pipeline.executed_by(model, ir.file(MODEL_FILE)),
        pipeline.executed_by(model, plain),
        graph_counts(ir.file(MODEL_FILE)).fake_quantize,
        graph_counts(plain).fake_quantize,
    )


def held_out(pipeline: Pipeline, model: str, spec: CorpusSpec, controlled: ControlledModel) -> Evaluation:
    """Return the evaluation of an accuracy-controlled model on a corpus, without what it was tuned on.

    Of the corpus that its validation utterances were drawn from, the rest is taken; any other must not hold one.

    Raises:
        SuiteError: another corpus holds utterances that it was tuned on.
    """
    corpus = pipeline.corpus(model, spec)
    seen = tuned_on(corpus, controlled.tuning)
    if seen and spec != controlled.corpus:
        raise SuiteError(
            f"corpus '{corpus.name}' holds {len(seen)} utterances that accuracy control tuned '{model}' on, first "
            f"'{seen[0]}'; a drop is verified on others; name another --corpus"
        )
    whole = pipeline.evaluation_of(model, spec, controlled.ir, SUBJECT)
    return part(whole, [id_ for id_ in corpus.ids if id_ not in seen])


def tuned_on(corpus: Corpus, tuning: Tuning) -> tuple[str, ...]:
    """Return the utterances of a corpus that were tuned on: the same recording, or the same id."""
    known = set(tuning.utterances.values())
    return tuple(id_ for id_, digest in corpus.digests.items() if digest in known or id_ in tuning.utterances)


def part(evaluation: Evaluation, ids: Collection[str]) -> Evaluation:
    """Return an evaluation of these utterances alone."""
    return replace(evaluation, outcomes=tuple(outcome for outcome in evaluation.outcomes if outcome.id in ids))

"""WER drop of an accuracy-controlled model, on its tuning utterances and on held-out ones."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from wergate.config.quantization import AccuracyControlSettings
from wergate.corpora.corpus import Corpus
from wergate.corpora.spec import CorpusSpec
from wergate.errors import SuiteError
from wergate.evaluation.wer import WordErrors
from wergate.gates.wer import require_words
from wergate.networks.ir.conversion import MODEL_FILE
from wergate.networks.ir.execution import ExecutedWork
from wergate.quantization.accuracy_control import Tuning, controlled_ir, read_tuning
from wergate.session.matrix import Cell
from wergate.session.session import Session
from wergate.steps import step
from wergate.store import Artifact

SUBJECT = "accuracy-controlled INT8"


@dataclass(frozen=True)
class HeldOutDrop:
    """Word errors of a model compared with those of the FP16 IR on the same utterances.

    The FP16 IR is what accuracy control starts from.

    Attributes:
        ids: the utterances.
        fp16, candidate: word errors by utterance, in the order of `ids`.
    """

    corpus: str
    ids: tuple[str, ...]
    fp16: tuple[WordErrors, ...]
    candidate: tuple[WordErrors, ...]

    @property
    def fp16_total(self) -> WordErrors:
        """Total word errors of the FP16 IR."""
        return sum(self.fp16, WordErrors())

    @property
    def candidate_total(self) -> WordErrors:
        """Total word errors of the model."""
        return sum(self.candidate, WordErrors())

    @property
    def drop(self) -> float:
        """Drop of 1 - WER, absolute: the quantity that accuracy control limits."""
        return self.candidate_total.wer - self.fp16_total.wer

    @property
    def scope(self) -> str:
        """Corpus and amount of evidence, as messages show them."""
        return f"{self.corpus}, {len(self.ids)} utterances, {self.fp16_total.words} words"


@dataclass(frozen=True)
class ControlledModel:
    """An accuracy-controlled IR compared with the ordinary INT8 IR from the same calibration corpus.

    Attributes:
        corpus: the corpus that the validation utterances were drawn from.
        tuned: the drop on these utterances.
        work: the layers that this IR executes.
        plain_work: the layers that the ordinary INT8 IR executes.
    """

    ir: Artifact
    tuning: Tuning
    corpus: CorpusSpec
    tuned: HeldOutDrop
    work: ExecutedWork
    plain_work: ExecutedWork

    @property
    def reverted(self) -> tuple[str, ...]:
        """Names of the layers that run in 8 bit in the ordinary INT8 IR but not in this one."""
        eight_bit = {layer.name for layer in self.work.layers if layer.eight_bit}
        return tuple(sorted(x.name for x in self.plain_work.layers if x.eight_bit and x.name not in eight_bit))


def draw_validation(corpus: Corpus, settings: AccuracyControlSettings) -> Corpus:
    """Draw the tuning utterances, stratified by duration, without using a recording twice.

    Raises:
        SuiteError: no utterance would be left for verification.
    """
    unique = set(corpus.digests.values())
    wanted = settings.validation_utterances
    if wanted >= len(unique):
        raise SuiteError(
            f"accuracy_control.validation_utterances = {wanted} leaves none of the {len(unique)} recordings of "
            f"'{corpus.name}' for verification; it must be less than {len(unique)}; lower it in suite.toml, or "
            "evaluate more utterances"
        )
    return corpus.drawn(wanted, seed=settings.seed, part="validation")


def controlled_model(session: Session, model: str) -> ControlledModel:
    """Quantize a model with accuracy control, tuned on a part of its first corpus.

    Raises:
        SuiteError: no utterance of that corpus would be left for verification.
    """
    spec, settings = session.corpora.first(model), session.config.settings_of(model)
    validation = draw_validation(session.corpora.corpus(model, spec), settings.accuracy_control)
    fp16, calibration = session.models.ir(model, "fp16"), session.corpora.calibration(model)
    with step(f"quantization of '{model}' with accuracy control"):
        ir = controlled_ir(
            session.store,
            fp16,
            calibration,
            validation,
            settings=settings,
            normalizer=session.corpora.normalizer(model, spec),
            progress=session.progress,
        )
    tuning = read_tuning(session.memo.used(model, None, ir))
    return ControlledModel(
        ir,
        tuning,
        spec,
        _drop(session, model, spec, ir, tuning.utterances),
        session.models.executed(model, ir.file(MODEL_FILE)),
        session.models.executed(model, session.variant(model, "int8").path),
    )


def held_out(session: Session, model: str, spec: CorpusSpec, controlled: ControlledModel) -> HeldOutDrop:
    """Return the drop of an accuracy-controlled model on a corpus, without its tuning utterances.

    Only the corpus that the validation utterances were drawn from may contain tuning utterances; they are left out.

    Raises:
        SuiteError: another corpus contains tuning utterances.
    """
    corpus = session.corpora.corpus(model, spec)
    seen = tuned_on(corpus, controlled.tuning)
    if seen and spec != controlled.corpus:
        raise SuiteError(
            f"corpus '{corpus.name}' contains {len(seen)} utterances that accuracy control tuned '{model}' on (first: "
            f"'{seen[0]}'); the drop must be verified on other utterances; choose another --corpus"
        )
    return _drop(session, model, spec, controlled.ir, [id_ for id_ in corpus.ids if id_ not in seen])


def tuned_on(corpus: Corpus, tuning: Tuning) -> tuple[str, ...]:
    """Return the ids of a corpus's utterances that were used for tuning: same recording or same id."""
    known = set(tuning.utterances.values())
    return tuple(id_ for id_, digest in corpus.digests.items() if digest in known or id_ in tuning.utterances)


def _drop(session: Session, model: str, spec: CorpusSpec, ir: Artifact, ids: Collection[str]) -> HeldOutDrop:
    """Return the drop on these utterances, with transcripts from the suite's ordinary evaluations."""
    fp16 = session.evaluation(Cell(model, spec, "fp16"))
    require_words(fp16)
    candidate = session.evaluations.of(session.models.variant_of(model, ir, subject=SUBJECT), spec)
    used = [number for number, outcome in enumerate(candidate.outcomes) if outcome.id in ids]
    return HeldOutDrop(
        candidate.corpus,
        tuple(candidate.outcomes[number].id for number in used),
        tuple(fp16.candidate.errors[number] for number in used),
        tuple(candidate.candidate.errors[number] for number in used),
    )

"""The journal: outcomes of the reference model and a candidate on one corpus, kept in a file of transcripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from wergate.corpora.corpus import Corpus
from wergate.environment.machine import cpu, variables_of_logits, versions
from wergate.errors import SuiteError
from wergate.evaluation.evaluation import UtteranceOutcome
from wergate.evaluation.reference_run import model_parts
from wergate.evaluation.transcript_file import Line, TranscriptFile
from wergate.models.base import ReferenceModel
from wergate.networks.frontend import Frontend
from wergate.store import content_key, text_digest


@dataclass(frozen=True)
class JournalKey:
    """A recognizer and everything that determines its transcripts.

    Attributes:
        model: name of the model, as tables show it.
        recognizer: engine of the reference model, "fp16", "int8", or the name of a candidate.
        ir: key of the IR; empty for the reference model.
        decided_by: JSON values: digests, versions, CPU, variables, settings.
    """

    model: str
    recognizer: str
    ir: str
    decided_by: Mapping[str, Any]

    @cached_property
    def key(self) -> str:
        """Key that all lines of identical runs share: 32 hexadecimal digits."""
        return content_key({"ir": self.ir, **self.decided_by})[:32]


def runs(
    model: ReferenceModel, frontend: Frontend, recognizer: str, *, ir: str, source: str, settings: Mapping[str, Any]
) -> tuple[JournalKey, JournalKey]:
    """Return the journal keys of a reference model and of a candidate.

    Args:
        frontend: frontend of both.
        recognizer: name of the candidate.
        ir: key of the candidate's IR.
        source: digest of all wergate code that processes an utterance.
        settings: device, inference precision, shapes and buckets.
    """
    reference = JournalKey(model.name, model.engine, "", model_parts(model))
    decided_by = {
        "reference": reference.key,
        "frontend": asdict(frontend),
        "settings": dict(settings),
        **kind_of_machine(),
        "source": source,
    }
    return reference, JournalKey(model.name, recognizer, ir, decided_by)


def kind_of_machine() -> dict[str, Any]:
    """Return what this machine and its packages add to a key: two machines with equal ones give equal logits."""
    return {
        "cpu": {"isa": cpu().isa, "flags": list(cpu().flags), "cores": cpu().cores},
        "variables": variables_of_logits(),
        "versions": versions(("openvino", "numpy", "soxr", "soundfile")),
    }


@dataclass(frozen=True)
class Resumed:
    """Outcomes of an earlier run that need not be computed again.

    Attributes:
        outcomes: by utterance id.
        text_changed: ids of the outcomes whose reference text in the corpus has changed since.
        ignored: number of lines of this model, corpus and candidate that came from other weights, versions or audio.
        unsigned: number of such lines that have no checksum, as earlier versions wrote them.
    """

    outcomes: Mapping[str, UtteranceOutcome] = field(default_factory=dict)
    text_changed: frozenset[str] = frozenset()
    ignored: int = 0
    unsigned: int = 0


class Journal:
    """Reads and appends the outcomes of a candidate, one utterance at a time."""

    def __init__(self, file: TranscriptFile, *, reference: JournalKey, candidate: JournalKey) -> None:
        """Take the file and the keys of both recognizers."""
        self._file = file
        self._reference = reference
        self._candidate = candidate
        self._references_on_file: set[str] = set()

    def resumed(self, corpus: Corpus) -> Resumed:
        """Return the outcomes that the same recognizers stored for the same audio of a corpus.

        Raises:
            SuiteError: a line was changed after it was written, or a candidate's line has no logits.
        """
        found: dict[str, dict[str, Line]] = {self._reference.key: {}, self._candidate.key: {}}
        ignored = unsigned = 0
        for line in self._file.lines():
            if line is None or not self._concerns(line, corpus):
                continue
            if not line.signed:
                unsigned += line.recognizer == self._candidate.recognizer
            elif line.key in found and line.audio == corpus.digests[line.id]:
                found[line.key][line.id] = line
            else:
                ignored += line.recognizer == self._candidate.recognizer
        references, candidates = found.values()
        texts = {entry.id: entry.text_digest for entry in corpus.entries}
        text_changed = frozenset(id_ for id_, line in candidates.items() if text_digest(line.reference) != texts[id_])
        self._references_on_file = {
            id_ for id_, line in references.items() if text_digest(line.reference) == texts[id_]
        }
        pairs = {id_: (references[id_], line) for id_, line in candidates.items() if id_ in references}
        outcomes = {id_: self._outcome(*pair) for id_, pair in pairs.items()}
        return Resumed(outcomes, text_changed & pairs.keys(), ignored, unsigned)

    def _concerns(self, line: Line, corpus: Corpus) -> bool:
        ours = (line.model, line.corpus) == (self._candidate.model, corpus.name)
        return ours and line.id in corpus.digests

    def _outcome(self, reference: Line, candidate: Line) -> UtteranceOutcome:
        """Return the outcome that two lines describe."""
        if candidate.logits is None:
            raise SuiteError(
                f"transcripts file '{self._file.path}': the line of '{candidate.recognizer}' for utterance "
                f"'{candidate.id}' has null in place of logits, which only the reference model's lines may have; "
                "delete that line, and its utterance is transcribed again"
            )
        return UtteranceOutcome(
            id=candidate.id,
            duration_s=candidate.duration_s,
            text=candidate.reference,
            reference_hypothesis=reference.hypothesis,
            hypothesis=candidate.hypothesis,
            logits=candidate.logits,
            reference_seconds=reference.seconds,
            seconds=candidate.seconds,
            notes=candidate.notes,
        )

    def append(self, corpus: Corpus, outcomes: Iterable[UtteranceOutcome]) -> None:
        """Append outcomes: the reference model's line unless the file has it, then the candidate's line.

        Raises:
            SuiteError: the file cannot be written.
        """
        lines = []
        for outcome in outcomes:
            if outcome.id not in self._references_on_file:
                lines.append(_line(self._reference, corpus, outcome, of_reference=True))
            lines.append(_line(self._candidate, corpus, outcome, of_reference=False))
        self._file.append(lines)

    def sync(self) -> None:
        """Wait until all appended outcomes are on the disk.

        Raises:
            SuiteError: the disk did not take them.
        """
        self._file.sync()


def _line(run: JournalKey, corpus: Corpus, outcome: UtteranceOutcome, *, of_reference: bool) -> Line:
    return Line(
        model=run.model,
        corpus=corpus.name,
        recognizer=run.recognizer,
        id=outcome.id,
        duration_s=outcome.duration_s,
        reference=outcome.text,
        hypothesis=outcome.reference_hypothesis if of_reference else outcome.hypothesis,
        seconds=outcome.reference_seconds if of_reference else outcome.seconds,
        logits=None if of_reference else outcome.logits,
        notes=outcome.notes,
        ir=run.ir,
        key=run.key,
        corpus_key=corpus.fingerprint[:32],
        audio=corpus.digests[outcome.id],
    )

"""Verification of a results file: the inputs, IRs and code of its run, compared by checksums with the current ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pydantic

from wergate.config.suite import SuiteConfig
from wergate.errors import SuiteError
from wergate.report.results import Results
from wergate.report.rows.sources import SourceRow, gates_row, library_row, settings_row
from wergate.report.rows.uses import ArtifactRow, CalibrationRow, CorpusRow, ModelRow
from wergate.session.matrix import corpus_specs
from wergate.session.session import Session
from wergate.store import Store, text_digest
from wergate.studies.build_cost import FoundOnly

_SHORT = 12  # digits of a digest in messages


@dataclass(frozen=True)
class Finding:
    """A part of a run that was looked up.

    Attributes:
        part: the part, such as "corpus 'clean' of 'embedded'".
        difference: how it differs from the results, or why it cannot be found; empty if it is the same.
    """

    part: str
    difference: str = ""


def findings(run: Results, *, embedded: Path, gates: Path, store: Store) -> Iterator[Finding]:
    """Look up the code, the IRs and the inputs of a run; nothing is built.

    Args:
        run: results as `read_results` returns them, so their own content is verified.
        embedded: the folder of the embedded checkpoint and corpus.
        gates: folder with the gates and their fixtures.
        store: the store of the run.
    """
    if not run.sources:
        yield Finding("code and suite file", "are not in the results, because an earlier version wrote them")
    for source in run.sources:
        yield _source(source, gates)
    for artifact in run.artifacts:
        yield _artifact(artifact, store)
    yield from _inputs(run, embedded, store)


def _source(row: SourceRow, gates: Path) -> Finding:
    part = f"suite file '{row.path}'" if row.kind == "settings" else f"code of the {row.kind}"
    return _compared(part, row.sha256, partial(_source_digest, row, gates))


def _source_digest(row: SourceRow, gates: Path) -> str:
    if row.kind == "settings":
        return settings_row(Path(row.path)).sha256
    return (library_row() if row.kind == "library" else gates_row(gates)).sha256


def _artifact(row: ArtifactRow, store: Store) -> Finding:
    part = f"artifact {row.kind}/{row.key[:_SHORT]} of '{row.model}'"
    defect = store.defect(row.kind, row.key)
    if defect is not None:
        return Finding(part, f"is not in '{store.root}', or is damaged: {defect}")
    found = store.find(row.kind, row.key)
    return _compared(part, row.digest, lambda: found.digest if found and row.digest else "")


def _inputs(run: Results, embedded: Path, store: Store) -> Iterator[Finding]:
    """Yield the findings on models, corpora and calibration utterances, by the settings in the results."""
    try:
        config = SuiteConfig.model_validate(run.options)
    except pydantic.ValidationError:
        yield Finding("settings", "cannot be read by this version of wergate, so models and corpora are not looked up")
        return
    session = Session(config, embedded=embedded, store=FoundOnly(store.root, shared=True))  # the caller has checked it
    for model in run.models:
        yield _compared(f"model '{model.model}'", model.digest, partial(_model_digest, session, model))
    for corpus in run.corpora:
        part = f"corpus '{corpus.corpus}' of '{corpus.model}'"
        yield _compared(part, corpus.fingerprint, partial(_fingerprint, session, corpus, embedded))
    for row in run.calibrations:
        part = f"list of calibration utterances of '{row.model}'"
        yield _compared(part, _digest_of(row.utterances), partial(_calibration_digest, session, row))


def _model_digest(session: Session, row: ModelRow) -> str:
    return session.models.reference(row.model).digest


def _calibration_digest(session: Session, row: CalibrationRow) -> str:
    return _digest_of(session.corpora.calibration(row.model).ids)


def _digest_of(ids: Sequence[str]) -> str:
    return text_digest("\n".join(ids))


def _fingerprint(session: Session, row: CorpusRow, embedded: Path) -> str:
    names = session.config.settings_of(row.model).corpora
    specs = (spec for name in names for spec in corpus_specs(session.config, name, embedded))
    found = next((spec for spec in specs if spec.name == row.corpus), None)
    if found is None:
        raise SuiteError(f"the settings in the results name no corpus '{row.corpus}'")
    return session.corpora.corpus(row.model, found).fingerprint


def _compared(part: str, expected: str, find: Callable[[], str]) -> Finding:
    """Compare a digest with the current one."""
    try:
        found = find()
    except (SuiteError, OSError) as error:
        return Finding(part, f"cannot be looked up: {error}")
    if found == expected:
        return Finding(part)
    return Finding(part, f"has changed: {found[:_SHORT]}... now, {expected[:_SHORT]}... in the results")

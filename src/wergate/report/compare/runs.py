"""The two runs of a comparison, and whether their word errors may be compared at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wergate.config.variants import REFERENCE, label_of, subject_of
from wergate.errors import SuiteError, printable
from wergate.report.results import Results
from wergate.report.run_folder.folder import RunFolder, read_run
from wergate.report.run_folder.utterances import UtteranceRow

_DIGITS = 12
_SCORER = "jiwer"
_LEAD, _SHOWN = 10, 50  # characters of a text in a message: before its first difference, and all


@dataclass(frozen=True)
class Cell:
    """A recognizer of a model on a corpus, as both runs hold it.

    Attributes:
        models: what A and B call the model.
        variant: the variant, or "reference" for the reference model itself.
        labels: what A and B call the recognizer in tables.
    """

    models: tuple[str, str]
    corpus: str
    variant: str
    labels: tuple[str, str]

    @property
    def model(self) -> str:
        """The model in tables: one name, or both."""
        return self.models[1] if self.models[0] == self.models[1] else " / ".join(self.models)

    @property
    def label(self) -> str:
        """The recognizer in tables: one name, or both."""
        return self.labels[1] if self.labels[0] == self.labels[1] else " / ".join(self.labels)

    @property
    def subject(self) -> str:
        """The recognizer in messages."""
        return self.label if self.variant == REFERENCE else subject_of(self.variant)


def read_both(first: Path, second: Path) -> tuple[RunFolder, RunFolder]:
    """Read two run folders.

    Raises:
        SuiteError: a folder holds no run, or its run kept no utterances.
    """
    runs = read_run(first), read_run(second)
    for run in runs:
        if not run.utterances:
            raise SuiteError(
                f"'{run.path}' has no utterances, so its words cannot be compared; make the run again with --run"
            )
    return runs


def shared_cells(first: RunFolder, second: RunFolder) -> list[Cell]:
    """Return the recognizers that both runs hold; two runs of one model each may call it differently.

    Raises:
        SuiteError: there is none, or they share the reference model alone although a run has variants.
    """
    held = [_held(run) for run in (first, second)]
    found = [
        Cell((model_a, model_b), corpus, variant, (held[0][model_a, corpus, variant], label))
        for model_a, model_b in _models(first, second)
        for (model, corpus, variant), label in held[1].items()
        if model == model_b and (model_a, corpus, variant) in held[0]
    ]
    # equal reference models alone would be a PASS that says nothing about what is to be shipped
    only_reference = all(cell.variant == REFERENCE for cell in found)
    if only_reference and (not found or any(variant != REFERENCE for one in held for _, _, variant in one)):
        a, b = (", ".join(f"{model} {label} on {corpus}" for (model, corpus, _), label in one.items()) for one in held)
        raise SuiteError(f"the runs share no variant: A has {a}, and B has {b}; give two runs of one model and corpus")
    return found


def _held(run: RunFolder) -> dict[tuple[str, str, str], str]:
    """Return the label of each recognizer by model, corpus and variant, the reference model's first."""
    rows = {(row.model, row.corpus, row.variant): row for row in run.results.evaluations}
    found: dict[tuple[str, str, str], str] = {}
    for row in run.utterances:
        engine = next((one.engine for key, one in rows.items() if key[:2] == (row.model, row.corpus)), REFERENCE)
        found.setdefault((row.model, row.corpus, REFERENCE), engine)
        for name in row.variants:
            evaluation = rows.get((row.model, row.corpus, name))
            label = label_of(name, evaluation.quantizer) if evaluation else name
            found.setdefault((row.model, row.corpus, name), label)
    return found


def _models(first: RunFolder, second: RunFolder) -> list[tuple[str, str]]:
    """Return the models of both runs: those of one name, or the only one of each."""
    names = [list(dict.fromkeys(row.model for row in run.utterances)) for run in (first, second)]
    common = [(name, name) for name in names[1] if name in names[0]]
    if common or any(len(found) != 1 for found in names):
        return common
    return [(names[0][0], names[1][0])]


def require_comparable(first: RunFolder, second: RunFolder, cells: Sequence[Cell]) -> None:
    """Refuse runs whose word errors mean different things.

    Raises:
        SuiteError: scorer, normalizer or utterances differ; the message names both values.
    """
    a, b = (f"{_SCORER} {run.results.versions.get(_SCORER, 'unknown')}" for run in (first, second))
    _require_equal("scorer", a, b, f"install one version of {_SCORER}")
    for model_a, model_b, corpus in dict.fromkeys((*cell.models, cell.corpus) for cell in cells):
        keys = (model_a, corpus), (model_b, corpus)
        a, b = (_normalizer(run.results, key) for run, key in zip((first, second), keys, strict=True))
        _require_equal(f"normalizer of {corpus}", a, b, "give both runs one --normalizer")
        _require_same_utterances((first, second), keys)


def _normalizer(run: Results, key: tuple[str, str]) -> str:
    return next((row.normalizer for row in run.evaluations if (row.model, row.corpus) == key), "unknown")


def _require_equal(what: str, a: str, b: str, remedy: str) -> None:
    if a != b:
        raise SuiteError(f"the runs cannot be compared: {what} is {a} in A, but {b} in B; {remedy}, and run again")


def _require_same_utterances(runs: tuple[RunFolder, RunFolder], keys: tuple[tuple[str, str], ...]) -> None:
    """Refuse a corpus of which the runs evaluated other speech or other reference texts.

    The digest of a corpus covers the evaluated utterances. Where it differs because the runs evaluated different
    selections, the digests of the utterances that both have must be equal. A folder of an earlier version has none.
    """
    corpus = keys[0][1]
    wholes = [_fingerprint(run.results, key) for run, key in zip(runs, keys, strict=True)]
    first, second = (_by_id(run, key) for run, key in zip(runs, keys, strict=True))
    for id_ in (name for name in second if name in first):
        for what, a, b in _contents(first[id_], second[id_]):
            _require_equal(f"{what} of '{printable(id_)}' of {corpus}", a, b, "give both runs one --corpus")
    kept = all(row.digest for rows in (first, second) for row in rows.values())
    if wholes[0] != wholes[1] and not kept:
        _require_equal(
            f"digest of {corpus}", wholes[0][:_DIGITS], wholes[1][:_DIGITS], "give both runs one --corpus and --limit"
        )
    if not first.keys() & second.keys():
        raise SuiteError(
            f"the runs share no utterance of {corpus}: digest {wholes[0][:_DIGITS]} in A, but {wholes[1][:_DIGITS]} "
            "in B; give both runs one --corpus, and run again"
        )


def _contents(first: UtteranceRow, second: UtteranceRow) -> Iterator[tuple[str, str, str]]:
    """Yield what two runs must agree on for an utterance, and the value in each."""
    if first.digest and second.digest:
        yield "digest of the audio", first.digest, second.digest
    yield "reference text", *_told_apart(first.text, second.text)
    yield "normalized reference text", *_told_apart(first.words or first.text, second.words or second.text)


def _told_apart(first: str, second: str) -> tuple[str, str]:
    """Return two texts for a message: from a little before their first difference on."""
    same = next((place for place, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1]), 0)
    start = max(0, same - _LEAD)
    shown = (repr(text[start : start + _SHOWN]) for text in (first, second))
    lead = "..." if start else ""
    a, b = (f"{lead}{text}" for text in shown)
    return (a, b) if first != second else (a, a)


def _fingerprint(run: Results, key: tuple[str, str]) -> str:
    return next((row.fingerprint for row in run.corpora if (row.model, row.corpus) == key), "unknown")


def _by_id(run: RunFolder, key: tuple[str, str]) -> Mapping[str, UtteranceRow]:
    return {row.id: row for row in run.utterances if (row.model, row.corpus) == key}

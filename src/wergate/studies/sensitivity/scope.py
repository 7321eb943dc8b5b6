"""Search for the smallest ignored scope that makes a failing variant pass, judged on utterances outside the search."""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wergate.config.models import ModelSettings
from wergate.corpora.spec import CorpusSpec
from wergate.errors import SuiteError
from wergate.evaluation.evaluation import Evaluation
from wergate.models.variant import Variant
from wergate.networks.ir.conversion import MODEL_FILE
from wergate.session.matrix import Cell
from wergate.session.session import Session
from wergate.store import Artifact
from wergate.studies.sensitivity.sample import SampleResult
from wergate.studies.sensitivity.study import LayerStudy, Sensitivity

_MARGIN_DB = 1.0
_BUILDS = 3  # with a scope that grows
_HUNDREDTHS = 100
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Scope:
    """The layers to leave out of quantization.

    Attributes:
        names: names in the FP16 IR, or in the variant if the FP16 IR has none. Empty if the variant passes without a
            scope; None if no scope helps.
        before: gates that the variant fails on the search utterances.
        tried: number of sets of layers that were tried.
        rebuilt: whether `ir` was quantized again with the scope. Otherwise it is the variant's own graph with these
            layers in floating point.
        ir: the IR to judge; None without a scope.
        after: gates that `ir` fails on the search utterances.
        front_end: those of the names that belong to the spectral front end.
        types: operation type of each name.
    """

    names: tuple[str, ...] | None
    before: tuple[str, ...]
    tried: int
    rebuilt: bool = False
    ir: Artifact | None = None
    after: tuple[str, ...] = ()
    front_end: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


def find_scope(session: Session, study: LayerStudy, ranked: Sensitivity) -> Scope:
    """Find the smallest scope on the search utterances, and build the IR with it.

    The spectral front end is tried first, as one group: each of its layers damages the result by itself, so restoring
    one of them does not help.
    """
    search, tried = _Search(study), list[tuple[str, ...]]()
    before = search.failing(study.figures((), study.search))
    if not before:
        return Scope((), before, len(tried))

    def holds(names: tuple[str, ...]) -> bool:
        tried.append(names)
        return not search.failing(study.figures(names, study.search), with_margin=True)

    order = [cost.layer.name for cost in ranked.layers]
    front = tuple(name for name in order if name in study.ir.front_end)
    layers = without_needless(front, holds) if front and holds(front) else smallest_scope(order, holds)
    if layers is None:
        return Scope(None, before, len(tried))
    scope = Scope(study.in_fp16(layers), before, len(tried))
    if study.variant.name == "int8":
        scope = _rebuilt(session, study, search, scope)
    else:
        scope = replace(scope, ir=study.edited(layers))
    return _described(study, scope)


class _Search:
    """The gates of a plain run that a search judges, on the search utterances."""

    def __init__(self, study: LayerStudy) -> None:
        self._study = study
        self._fp16 = study.fp16(study.search)
        self._wer = study.errors(self._fp16).wer

    def failing(self, figures: SampleResult, *, with_margin: bool = False) -> tuple[str, ...]:
        """Return the gates that fail.

        Args:
            with_margin: ask for more than the thresholds, so that a scope also holds on other utterances.
        """
        limits = self._study.variant.thresholds
        drop, margin = (limits.wer_drop_max / 2, _MARGIN_DB) if with_margin else (limits.wer_drop_max, 0.0)
        claims = (
            ("wer_drop", self._study.errors(figures).wer - self._wer <= drop),
            ("sqnr_db", _reaches(figures.logits.sqnr_db, limits.sqnr_db_min, margin)),
            ("argmax_agreement", _reaches(figures.logits.argmax_agreement, limits.argmax_agreement_min)),
            ("transcript_mismatch_rate", self._mismatch_rate(figures) <= limits.mismatch_rate_max),
            ("worst_sqnr_db", _reaches(figures.worst_sqnr_db, limits.worst_sqnr_db_min, margin)),
        )
        return tuple(name for name, holds in claims if not holds)

    def _mismatch_rate(self, figures: SampleResult) -> float:
        texts = self._fp16.hypotheses
        return sum(figures.hypotheses[id_] != text for id_, text in texts.items()) / len(texts)


def _reaches(value: float, threshold: float | None, margin: float = 0.0) -> bool:
    return threshold is None or value >= threshold + margin


def _rebuilt(session: Session, study: LayerStudy, search: _Search, scope: Scope) -> Scope:
    """Quantize again with the scope, and with a wider one as long as the result fails."""
    # NNCF may quantize operations next to an ignored one that it left alone before, which no edited graph shows.
    group = study.in_fp16(name for name in study.names if name in study.ir.front_end)
    names, wider = tuple[str, ...](), scope.names or ()
    for _ in range(_BUILDS):
        if wider == names:
            break
        names = wider
        ir = _quantized(session, study.variant.model, names)
        after = search.failing(study.figures_of(ir, study.search))
        scope = replace(scope, names=names, rebuilt=True, ir=ir, after=after)
        if not after:
            break
        wider = tuple(dict.fromkeys((*names, *group, *study.newly_quantized(ir))))
    return scope


def _described(study: LayerStudy, scope: Scope) -> Scope:
    """Return a scope with the types of its operations, and with those that belong to the spectral front end."""
    names = scope.names or ()
    return replace(
        scope,
        types=tuple(study.ir.type_of(name) for name in names),
        front_end=tuple(name for name in names if name in study.ir.front_end_operations),
    )


def _quantized(session: Session, model: str, names: Sequence[str]) -> Artifact:
    settings = session.config.settings_of(model)
    table = scope_table(settings)
    section = getattr(settings, table)
    scope = section.ignored_scope
    wider = scope.model_copy(update={"names": list(dict.fromkeys([*scope.names, *names]))})
    return session.models.quantized(
        model, settings.model_copy(update={table: section.model_copy(update={"ignored_scope": wider})})
    )


def scope_table(settings: ModelSettings) -> str:
    """Return the name of the suite.toml table with the ignored scope of the model's quantizer."""
    return "pot" if settings.quantizer.startswith("pot") else "quantization"


@dataclass(frozen=True)
class ScopeResult:
    """Evaluations of a variant without and with its scope, on utterances outside the search.

    Attributes:
        limits: thresholds that the scope makes necessary; see `limits_to_change`.
    """

    before: Evaluation
    after: Evaluation
    limits: Mapping[str, float]


def judge(session: Session, study: LayerStudy, spec: CorpusSpec, ir: Artifact) -> ScopeResult:
    """Evaluate a variant without and with its scope on a corpus, excluding the search utterances.

    Args:
        session: the session.
        study: the variant and its search utterances.
        spec: the corpus.
        ir: the IR with the scope.

    Raises:
        SuiteError: the search used all utterances of the corpus.
    """
    variant, searched = study.variant, {*study.search.digests.values()}
    corpus = session.corpora.corpus(variant.model, spec)
    unseen = {id_ for id_, digest in corpus.digests.items() if digest not in searched}
    if not unseen:
        raise SuiteError(
            f"corpus '{corpus.name}' has no utterance outside the search of the scope, which would judge it: its "
            f"{len(corpus)} were all searched; at least two different recordings are needed; evaluate more utterances"
        )
    with_scope = replace(variant, path=ir.file(MODEL_FILE), subject=f"{variant.subject} with its scope")
    before = session.evaluation(Cell(variant.model, spec, variant.name))
    after = session.evaluations.of(with_scope, spec)
    limits = limits_to_change(session, variant, ir)
    return ScopeResult(_part(before, unseen), _part(after, unseen), limits)


def _part(evaluation: Evaluation, ids: set[str]) -> Evaluation:
    return replace(evaluation, outcomes=tuple(outcome for outcome in evaluation.outcomes if outcome.id in ids))


def limits_to_change(session: Session, variant: Variant, ir: Artifact) -> Mapping[str, float]:
    """Return the thresholds that an IR cannot meet because of its scope, with the values that it does meet.

    Layers in floating point do not count as 8-bit work, and their weights take two bytes instead of one.
    """
    model, limits, path = variant.model, variant.thresholds, ir.file(MODEL_FILE)
    work = session.models.executed(model, path).int8_share
    weight_bytes = session.models.reference(model).float32_bytes
    size = session.models.graph(path).bytes / weight_bytes if weight_bytes else 0.0
    changes = {}
    if work < limits.int8_work_min:
        changes["int8_work_min"] = math.floor(work * _HUNDREDTHS) / _HUNDREDTHS
    if size > limits.size_ratio_max:
        changes["size_ratio_max"] = math.ceil(size * _HUNDREDTHS) / _HUNDREDTHS
    return changes


def toml(settings: ModelSettings, scope: Sequence[str], limits: Mapping[str, float] | None = None) -> str:
    """Return a scope as tables for suite.toml, including the names that are already configured.

    Args:
        settings: settings of the model.
        scope: names of operations.
        limits: thresholds of INT8 that the scope makes necessary; see `limits_to_change`.
    """
    table, model = scope_table(settings), settings.name
    names = dict.fromkeys([*getattr(settings, table).ignored_scope.names, *scope])
    listed = "".join(f"    {_quoted(name)},\n" for name in names)
    key = model if _BARE_KEY.fullmatch(model) else _quoted(model)
    lines = [f"[model.{key}.{table}.ignored_scope]\nnames = [\n{listed}]"]
    if not Path(settings.spec).is_absolute() and Path(settings.spec).exists():
        # A path of the command line starts at the working folder, one of a suite file at the folder of the file.
        lines.insert(0, f"[model.{key}]\nspec = {_quoted(str(Path(settings.spec).absolute()))}\n")
    if limits:
        own = settings.thresholds.int8
        changed = (f"{name} = {value:g}  # {getattr(own, name):g} without the scope" for name, value in limits.items())
        lines.append("\n".join([f"\n[model.{key}.thresholds.int8]", *changed]))
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


Holds = Callable[[tuple[str, ...]], bool]


def smallest_scope(ranked: Sequence[str], holds: Holds) -> tuple[str, ...] | None:
    """Return a minimal set of layers that makes a model pass when they are left out; None if no set does.

    Bisection finds the shortest prefix of the ranking that passes. It assumes that leaving out more layers never
    hurts. Then each layer of the prefix, the least harmful first, is put back if the model still passes. The search
    tries about log2(n) + k sets for k layers out of n, and no set twice.

    Args:
        ranked: layers, the worst first.
        holds: returns whether the model passes with these layers left out.
    """
    if not holds(tuple(ranked)):
        return None
    if holds(()):
        return ()
    count = bisect_left(range(1, len(ranked)), True, key=lambda n: holds(tuple(ranked[:n]))) + 1  # noqa: FBT003
    return without_needless(tuple(ranked[:count]), holds)


def without_needless(scope: tuple[str, ...], holds: Holds) -> tuple[str, ...]:
    """Return a scope that passes without the layers that it does not need, the least harmful dropped first.

    Args:
        scope: layers, the worst first.
        holds: returns whether the model passes with these layers left out.
    """
    for name in reversed(scope):
        fewer = tuple(other for other in scope if other != name)
        if fewer and holds(fewer):
            scope = fewer
    return scope

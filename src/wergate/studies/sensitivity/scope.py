"""Search for the smallest ignored scope that makes a failing variant pass, judged on utterances outside the search."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from wergate.config.models import ModelSettings
from wergate.config.thresholds import Thresholds
from wergate.corpora.spec import CorpusSpec
from wergate.evaluation.evaluation import Evaluation
from wergate.networks.ir.conversion import MODEL_FILE
from wergate.session.matrix import Cell
from wergate.session.session import Session
from wergate.store import Artifact
from wergate.studies.sensitivity.sample import SampleResult
from wergate.studies.sensitivity.study import LayerStudy, Sensitivity


@dataclass(frozen=True)
class Scope:
    """The layers to leave out of quantization.

    Attributes:
        names: names in the FP16 IR, or in the variant if the FP16 IR has none. Empty if the variant passes without a
            scope; None if no scope helps.
        layers: names of the same layers in the variant.
        before: gates that the variant fails on the search utterances.
        tried: number of sets of layers that were tried.
        rebuilt: whether `ir` was quantized again with the scope. Otherwise it is the variant's own graph with these
            layers in floating point.
        ir: the IR to judge; None without a scope.
    """

    names: tuple[str, ...] | None
    layers: tuple[str, ...]
    before: tuple[str, ...]
    tried: int
    rebuilt: bool = False
    ir: Artifact | None = None


def find_scope(session: Session, study: LayerStudy, ranked: Sensitivity) -> Scope:
    """Find the smallest scope on the search utterances, and build the IR with it."""
    variant, tried = study.variant, list[tuple[str, ...]]()
    order = [cost.layer.name for cost in ranked.layers]
    fp16 = study.errors(study.fp16(study.search)).wer

    def failing(figures: SampleResult) -> tuple[str, ...]:
        return _failing(figures, study.errors(figures).wer - fp16, variant.thresholds)

    def holds(names: tuple[str, ...]) -> bool:
        tried.append(names)
        return not failing(study.figures(names, study.search))

    before = failing(study.figures((), study.search))
    layers = smallest_scope(order, holds) if before else ()
    if not layers:
        return Scope(layers, (), before, len(tried))
    twins = {layer.name: layer.twin or layer.name for layer in study.ir.layers}
    names = tuple(twins[name] for name in layers)
    rebuilt = variant.name == "int8"
    ir = _rebuilt(session, variant.model, names) if rebuilt else study.edited(layers)
    return Scope(names, layers, before, len(tried), rebuilt, ir)


def _failing(figures: SampleResult, drop: float, limits: Thresholds) -> tuple[str, ...]:
    """Return the gates that fail, with the thresholds of a plain run."""
    claims = (
        ("wer_drop", drop <= limits.wer_drop_max),
        ("sqnr_db", limits.sqnr_db_min is None or figures.logits.sqnr_db >= limits.sqnr_db_min),
        (
            "argmax_agreement",
            limits.argmax_agreement_min is None or figures.logits.argmax_agreement >= limits.argmax_agreement_min,
        ),
    )
    return tuple(name for name, holds in claims if not holds)


def _rebuilt(session: Session, model: str, names: Sequence[str]) -> Artifact:
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
    """Evaluations of a variant without and with its scope, on utterances outside the search."""

    before: Evaluation
    after: Evaluation


def judge(session: Session, study: LayerStudy, spec: CorpusSpec, ir: Artifact) -> ScopeResult:
    """Evaluate a variant without and with its scope on a corpus, excluding the search utterances.

    Args:
        session: the session.
        study: the variant and its search utterances.
        spec: the corpus.
        ir: the IR with the scope.
    """
    variant, searched = study.variant, {*study.search.digests.values()}
    corpus = session.corpora.corpus(variant.model, spec)
    unseen = {id_ for id_, digest in corpus.digests.items() if digest not in searched}
    with_scope = replace(variant, path=ir.file(MODEL_FILE), subject=f"{variant.subject} with its scope")
    before = session.evaluation(Cell(variant.model, spec, variant.name))
    return ScopeResult(_part(before, unseen), _part(session.evaluations.of(with_scope, spec), unseen))


def _part(evaluation: Evaluation, ids: set[str]) -> Evaluation:
    return replace(evaluation, outcomes=tuple(outcome for outcome in evaluation.outcomes if outcome.id in ids))


def toml(settings: ModelSettings, scope: Sequence[str]) -> str:
    """Return a scope as a table for suite.toml, including the names that are already configured."""
    table, model = scope_table(settings), settings.name
    names = dict.fromkeys([*getattr(settings, table).ignored_scope.names, *scope])
    listed = "".join(f"    {json.dumps(name, ensure_ascii=False)},\n" for name in names)
    key = model if model.isidentifier() else json.dumps(model, ensure_ascii=False)
    return f"[model.{key}.{table}.ignored_scope]\nnames = [\n{listed}]"


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
    scope = tuple(ranked[:count])
    for name in reversed(scope):
        fewer = tuple(other for other in scope if other != name)
        if fewer and holds(fewer):
            scope = fewer
    return scope

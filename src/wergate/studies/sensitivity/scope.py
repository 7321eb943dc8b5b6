"""The smallest ignored scope that brings a failing variant back, judged on utterances that it was not searched on."""

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
    """The layers that a variant has to be left without.

    Attributes:
        names: as the FP16 IR calls them, else as the variant does; none where it holds as it is; None: nothing helps.
        layers: the same, as the variant calls them.
        before: what the variant fails on where it was searched.
        tried: sets of layers that were tried.
        rebuilt: whether `ir` is quantized anew with the scope; else the variant's own graph, those layers in floating
            point.
        ir: what is judged, where there is a scope.
    """

    names: tuple[str, ...] | None
    layers: tuple[str, ...]
    before: tuple[str, ...]
    tried: int
    rebuilt: bool = False
    ir: Artifact | None = None


def find_scope(session: Session, study: LayerStudy, ranked: Sensitivity) -> Scope:
    """Search the smallest scope on the search utterances, and build what it gives."""
    variant, tried = study.variant, list[tuple[str, ...]]()
    order = [cost.layer.name for cost in ranked.layers]
    fp16 = study.errors(study.fp16(study.search)).wer

    def failing(figures: SampleResult) -> tuple[str, ...]:
        return _failing(figures, study.errors(figures).wer - fp16, variant.thresholds)

    def holds(names: tuple[str, ...]) -> bool:
        tried.append(names)
        return not failing(study.figures(names, study.search))

    before = failing(study.figures((), study.search))
    found = smallest_scope(order, holds) if before else ()
    if not found:
        return Scope(found, (), before, len(tried))
    twins = {layer.name: layer.twin or layer.name for layer in study.ir.layers}
    names = tuple(twins[name] for name in found)
    rebuilt = variant.name == "int8"
    ir = _rebuilt(session, variant.model, names) if rebuilt else study.edited(found)
    return Scope(names, found, before, len(tried), rebuilt, ir)


def _failing(figures: SampleResult, drop: float, gates: Thresholds) -> tuple[str, ...]:
    """Return the gates that figures do not hold: the same thresholds as of a plain run."""
    claims = (
        ("wer_drop", drop <= gates.wer_drop_max),
        ("sqnr_db", gates.sqnr_db_min is None or figures.logits.sqnr_db >= gates.sqnr_db_min),
        (
            "argmax_agreement",
            gates.argmax_agreement_min is None or figures.logits.argmax_agreement >= gates.argmax_agreement_min,
        ),
    )
    return tuple(name for name, held in claims if not held)


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
    """Return which table of suite.toml has the ignored scope of the model's quantizer."""
    return "pot" if settings.quantizer.startswith("pot") else "quantization"


@dataclass(frozen=True)
class ScopeResult:
    """A variant before and after its scope, on utterances that this was not searched on."""

    before: Evaluation
    after: Evaluation


def judge(session: Session, study: LayerStudy, spec: CorpusSpec, ir: Artifact) -> ScopeResult:
    """Evaluate a variant and what its scope gives on a corpus, without the search utterances."""
    variant, seen = study.variant, {*study.search.digests.values()}
    corpus = session.corpora.corpus(variant.model, spec)
    unseen = {id_ for id_, digest in corpus.digests.items() if digest not in seen}
    with_scope = replace(variant, path=ir.file(MODEL_FILE), subject=f"{variant.subject} with its scope")
    before = session.evaluation(Cell(variant.model, spec, variant.name))
    return ScopeResult(_part(before, unseen), _part(session.evaluations.of(with_scope, spec), unseen))


def _part(evaluation: Evaluation, ids: set[str]) -> Evaluation:
    return replace(evaluation, outcomes=tuple(outcome for outcome in evaluation.outcomes if outcome.id in ids))


def toml(settings: ModelSettings, scope: Sequence[str]) -> str:
    """Return a scope as suite.toml takes it, with the names that are in it already."""
    table, model = scope_table(settings), settings.name
    names = dict.fromkeys([*getattr(settings, table).ignored_scope.names, *scope])
    listed = "".join(f"    {json.dumps(name, ensure_ascii=False)},\n" for name in names)
    key = model if model.isidentifier() else json.dumps(model, ensure_ascii=False)
    return f"[model.{key}.{table}.ignored_scope]\nnames = [\n{listed}]"


Holds = Callable[[tuple[str, ...]], bool]


def smallest_scope(ranked: Sequence[str], holds: Holds) -> tuple[str, ...] | None:
    """Return a set of layers without which a model holds, none of which can be spared; None where no set will do.

    The worst layers are left out together: by bisection, which takes it for granted that leaving out more never does
    harm, the shortest beginning of the ranking is found that holds. Then each of its members is tried to be spared, the
    least harmful first. It tries log2(n) + k sets for k layers out of n.

    Args:
        ranked: layers, the worst first.
        holds: whether the model holds with these layers left out; not asked about a set that it has been asked about.
    """
    if not holds(tuple(ranked)):
        return None
    if holds(()):
        return ()
    count = bisect_left(range(1, len(ranked)), True, key=lambda n: holds(tuple(ranked[:n]))) + 1  # noqa: FBT003
    kept = tuple(ranked[:count])
    for name in reversed(kept):
        fewer = tuple(other for other in kept if other != name)
        if fewer and holds(fewer):
            kept = fewer
    return kept

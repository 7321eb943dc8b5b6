"""Gates of the sensitivity study: layers are restored correctly, a scope is found, and it generalizes."""

from __future__ import annotations

from collections.abc import Iterator

from wergate.config.studies import SensitivitySettings
from wergate.evaluation.evaluation import Evaluation
from wergate.models.variant import Variant
from wergate.studies.sensitivity.scope import Scope
from wergate.studies.sensitivity.study import Sensitivity
from wergate.verdict import Relation, Verdict

_OUTSIDE = "it fails even with every layer in floating point: look for the fault outside the quantized layers"
_BUILT = "the scope helps in the edited graph only: extend quantization.ignored_scope by the next layers of the ranking"


def restored_verdict(ranking: Sensitivity, variant: Variant, settings: SensitivitySettings) -> Verdict:
    """Gate that a variant with all its layers in floating point equals the FP16 IR."""
    unmatched = sum(cost.layer.twin is None for cost in ranking.layers)
    return Verdict(
        gate="restored_sqnr_db",
        subject=variant.subject,
        value=ranking.restored.sqnr_db,
        relation=">=",
        threshold=settings.restored_sqnr_db_min,
        basis=f"all {len(ranking.layers)} layers in floating point, {unmatched} of them not in the FP16 IR",
        scope=f"{variant.model}, {ranking.sample.name}, {len(ranking.sample)} utterances",
        remedy="it differs from the FP16 IR in more than its quantized layers: choose the --model that it was built "
        "from, or check the result of accuracy/test_weights.py",
    )


def scope_verdict(scope: Scope, variant: Variant) -> Verdict:
    """Gate that some ignored scope makes a failing variant pass, also once INT8 is built with it."""
    built = f", built with a scope it fails {', '.join(scope.after)}" if scope.after else ""
    return Verdict(
        gate="scope_found",
        subject=variant.subject,
        value=int(scope.names is not None and not scope.after),
        relation="==",
        threshold=1,
        basis=f"fails {', '.join(scope.before) or 'nothing'}, {scope.tried} sets of layers tried{built}",
        scope=variant.model,
        remedy=_BUILT if scope.after else _OUTSIDE,
    )


def scope_verdicts(after: Evaluation) -> Iterator[Verdict]:
    """Gate a scope on utterances that were not used in the search, with the thresholds of a plain run."""
    thresholds = after.variant.thresholds
    drop = after.candidate.total.wer - after.reference.total.wer
    claims: tuple[tuple[str, float, Relation, float | None], ...] = (
        ("scope_wer_drop", drop, "<=", thresholds.wer_drop_max),
        ("scope_mismatch_rate", len(after.mismatches) / len(after.outcomes), "<=", thresholds.mismatch_rate_max),
        ("scope_sqnr_db", after.logits.sqnr_db, ">=", thresholds.sqnr_db_min),
        ("scope_argmax_agreement", after.logits.argmax_agreement, ">=", thresholds.argmax_agreement_min),
    )
    for gate, value, relation, threshold in claims:
        if threshold is not None:
            yield Verdict(
                gate=gate,
                subject=after.variant.subject,
                value=value,
                relation=relation,
                threshold=threshold,
                scope=f"{after.scope}, none used in the search",
                remedy="the scope does not generalize: raise sensitivity.search_utterances",
            )

"""Result rows of the sensitivity study: layers and scopes."""

from __future__ import annotations

from collections import Counter

from wergate.evaluation.rows import LogitsRow, ResultRow, WordErrorRow, logits_row, word_error_row
from wergate.evaluation.wer import WordErrors
from wergate.models.variant import Variant
from wergate.studies.sensitivity.scope import Scope, ScopeResult
from wergate.studies.sensitivity.study import GroupCost, LayerCost, Sensitivity


class LayerRow(ResultRow):
    """Cost of quantizing one layer: with only this layer in 8 bit, and with only this layer left out.

    `twin` is the layer's name in the FP16 IR, null if it has none there. Logits are compared with the FP16 IR's on the
    sample. Word errors are counted on the search utterances, for the worst layers only.
    """

    name: str
    kind: str
    twin: str | None
    alone: LogitsRow
    left_out: LogitsRow
    alone_errors: WordErrorRow | None
    left_out_errors: WordErrorRow | None


class GroupRow(ResultRow):
    """Cost of quantizing the layers of the spectral front end together, in the same terms as `LayerRow`.

    `operations` are all operations of the front end by type, in 8 bit or not.
    """

    names: list[str]
    operations: dict[str, int]
    alone: LogitsRow
    left_out: LogitsRow
    alone_errors: WordErrorRow
    left_out_errors: WordErrorRow


class SensitivityRow(ResultRow):
    """Accuracy cost of a variant's layers, the worst first.

    `quantized` is the whole variant, `restored` the variant with all its layers in floating point. `front_end` is null
    if the network has no spectral front end in 8 bit.
    """

    model: str
    variant: str
    sample: list[str]
    search: list[str]
    quantized: LogitsRow
    restored: LogitsRow
    fp16_errors: WordErrorRow
    quantized_errors: WordErrorRow
    layers: list[LayerRow]
    front_end: GroupRow | None


class JudgedRow(ResultRow):
    """A variant without and with its ignored scope, compared with the reference model on these utterances."""

    utterances: list[str]
    reference: WordErrorRow
    before: WordErrorRow
    after: WordErrorRow
    logits_before: LogitsRow
    logits_after: LogitsRow


class ScopeRow(ResultRow):
    """The smallest ignored scope that makes a variant pass, judged on utterances outside the search.

    `names` is empty if the variant passes without a scope, null if no scope helps. `types` are the operation types of
    the names, and `front_end` the names that belong to the spectral front end. `fails` are the gates that failed.
    `rebuilt` is true if INT8 was rebuilt with the scope. `limits` are thresholds that the scope makes necessary:
    it leaves work and weights in floating point. `toml` is all of this as settings for suite.toml.
    """

    model: str
    corpus: str
    variant: str
    fails: list[str]
    tried: int
    names: list[str] | None
    types: list[str]
    front_end: list[str]
    rebuilt: bool
    limits: dict[str, float]
    judged: JudgedRow | None
    toml: str


def sensitivity_row(ranking: Sensitivity, variant: Variant) -> SensitivityRow:
    """Return the row of a variant's layers."""
    return SensitivityRow(
        model=variant.model,
        variant=variant.name,
        sample=list(ranking.sample.ids),
        search=list(ranking.search.ids),
        quantized=logits_row(ranking.quantized),
        restored=logits_row(ranking.restored),
        fp16_errors=word_error_row(ranking.fp16_errors),
        quantized_errors=word_error_row(ranking.quantized_errors),
        layers=[_layer_row(cost) for cost in ranking.layers],
        front_end=None if ranking.front_end is None else _group_row(ranking.front_end),
    )


def _group_row(cost: GroupCost) -> GroupRow:
    return GroupRow(
        names=list(cost.names),
        operations=dict(Counter(cost.operations.values())),
        alone=logits_row(cost.alone),
        left_out=logits_row(cost.left_out),
        alone_errors=word_error_row(cost.alone_errors),
        left_out_errors=word_error_row(cost.left_out_errors),
    )


def _layer_row(cost: LayerCost) -> LayerRow:
    return LayerRow(
        name=cost.layer.name,
        kind=cost.layer.kind,
        twin=cost.layer.twin,
        alone=logits_row(cost.alone),
        left_out=logits_row(cost.left_out),
        alone_errors=_errors(cost.alone_errors),
        left_out_errors=_errors(cost.left_out_errors),
    )


def _errors(errors: WordErrors | None) -> WordErrorRow | None:
    return None if errors is None else word_error_row(errors)


def scope_row(scope: Scope, judged: ScopeResult | None, variant: Variant, *, corpus: str, toml: str) -> ScopeRow:
    """Return the row of a scope on a corpus.

    Args:
        scope: the scope.
        judged: the variant without and with the scope; None if there is nothing to judge.
        variant: the variant.
        corpus: name of the corpus.
        toml: the scope as a setting for suite.toml; empty if there is none.
    """
    return ScopeRow(
        model=variant.model,
        corpus=corpus,
        variant=variant.name,
        fails=list(scope.before),
        tried=scope.tried,
        names=None if scope.names is None else list(scope.names),
        types=list(scope.types),
        front_end=list(scope.front_end),
        rebuilt=scope.rebuilt,
        limits={} if judged is None else dict(judged.limits),
        judged=None if judged is None else _judged_row(judged),
        toml=toml,
    )


def _judged_row(judged: ScopeResult) -> JudgedRow:
    before, after = judged.before, judged.after
    return JudgedRow(
        utterances=[outcome.id for outcome in after.outcomes],
        reference=word_error_row(after.reference.total),
        before=word_error_row(before.candidate.total),
        after=word_error_row(after.candidate.total),
        logits_before=logits_row(before.logits),
        logits_after=logits_row(after.logits),
    )

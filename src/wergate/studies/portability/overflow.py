"""Loss and speed of INT8 on an instruction set, for each setting of `quantization.overflow_fix`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from wergate.config.base import OverflowFix
from wergate.corpora.spec import CorpusSpec
from wergate.models.variant import Variant
from wergate.store import Artifact
from wergate.studies.portability.instruction_sets import IsaTarget
from wergate.studies.portability.study import IsaResult, Portability
from wergate.timing.calls import Side
from wergate.timing.paired import Paired, PairedRule, time_pair

TIMED_S = 5.0  # of speech


@dataclass(frozen=True)
class OverflowFixResult:
    """INT8 built with one setting of `quantization.overflow_fix`.

    Attributes:
        setting: "enable", "first_layer_only" or "disable".
        isa_result: the result on the instruction set.
        speed: speed-up over the configured setting; None for that setting itself.
    """

    setting: OverflowFix
    isa_result: IsaResult
    speed: Paired | None


def overflow_fixes(
    portability: Portability, variant: Variant, spec: CorpusSpec, target: IsaTarget
) -> Iterator[OverflowFixResult]:
    """Build INT8 with each setting and yield its result on an instruction set, the configured setting first.

    Raises:
        IsaUnavailableError, SuiteError: see `Portability.isa_result`.
    """
    configured = portability.session.config.settings_of(variant.model).quantization.overflow_fix
    yield OverflowFixResult(configured, portability.isa_result(variant, spec, target), None)
    for setting in get_args(OverflowFix):
        if setting != configured:
            ir = _with(portability, variant.model, setting)
            isa_result = portability.isa_result(variant, spec, target, ir)
            yield OverflowFixResult(setting, isa_result, _speed(portability, variant, spec, target, ir))


def _with(portability: Portability, model: str, setting: OverflowFix) -> Artifact:
    session = portability.session
    settings = session.config.settings_of(model)
    quantization = settings.quantization.model_copy(update={"overflow_fix": setting})
    return session.models.quantized(model, settings.model_copy(update={"quantization": quantization}))


def _speed(portability: Portability, variant: Variant, spec: CorpusSpec, target: IsaTarget, ir: Artifact) -> Paired:
    """Time an IR interleaved with the variant's own IR."""
    session = portability.session
    samples = session.evaluations.excerpt(variant.model, spec, TIMED_S)
    rule = PairedRule(budget_s=session.config.settings_of(variant.model).portability.timing_s)
    with (
        portability.recognizer(variant, target, ir, streams=1) as other,
        portability.recognizer(variant, target, streams=1) as own,
    ):
        return time_pair(
            Side(lambda: other.logits_of([samples])),
            Side(lambda: own.logits_of([samples])),
            rule,
            lambda _: True,  # no gate depends on the ratio, so no early stop: the whole budget is used
            clock=lambda: other.spent_s + own.spent_s,  # excludes the exchange of messages and files
        )

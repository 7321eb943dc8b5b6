"""INT8 built with each setting of `quantization.overflow_fix`: what each loses on an instruction set, and its speed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from wergate.config.base import OverflowFix
from wergate.session.matrix import Cell
from wergate.store import Artifact
from wergate.studies.portability.instruction_sets import Place
from wergate.studies.portability.study import Portability, Shown
from wergate.timing.paired import Paired, PairedRule, Side, time_pair

TIMED_S = 5.0  # of speech


@dataclass(frozen=True)
class Fix:
    """INT8 with one setting.

    Attributes:
        setting: "enable", "first_layer_only" or "disable".
        speed: how many times as fast as the setting that the model has; None for that one.
    """

    setting: OverflowFix
    shown: Shown
    speed: Paired | None


def overflow_fixes(portability: Portability, cell: Cell, place: Place) -> Iterator[Fix]:
    """Build INT8 with each setting and yield what it comes to on an instruction set.

    Raises:
        NotShownError, SuiteError: as of `Portability.shown`.
    """
    chosen = portability.pipeline.config.settings_of(cell.model).quantization.overflow_fix
    yield Fix(chosen, portability.shown(cell, place), None)
    for setting in get_args(OverflowFix):
        if setting != chosen:
            ir = _with(portability, cell.model, setting)
            yield Fix(setting, portability.shown(cell, place, ir), _speed(portability, cell, place, ir))


def _with(portability: Portability, model: str, setting: OverflowFix) -> Artifact:
    pipeline = portability.pipeline
    settings = pipeline.config.settings_of(model)
    quantization = settings.quantization.model_copy(update={"overflow_fix": setting})
    return pipeline.quantized(model, settings.model_copy(update={"quantization": quantization}))


def _speed(portability: Portability, cell: Cell, place: Place, ir: Artifact) -> Paired:
    """Time the IR in turns with the variant's own, by their processes' clocks: what passes between is not timed."""
    pipeline = portability.pipeline
    samples = pipeline.excerpt(cell.model, cell.corpus, TIMED_S)
    rule = PairedRule(budget_s=pipeline.config.settings_of(cell.model).portability.timing_s)
    with portability.apart(cell, place, ir, streams=1) as other, portability.apart(cell, place, streams=1) as own:
        return time_pair(
            Side(lambda: other.logits_of([samples])),
            Side(lambda: own.logits_of([samples])),
            rule,
            lambda _: True,  # nothing is judged by it: all of the time is used
            clock=lambda: other.spent_s + own.spent_s,
        )

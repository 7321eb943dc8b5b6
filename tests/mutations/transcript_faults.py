"""Faults in inference and decoding: code that loses frames, words or the order of utterances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fault import LENGTHS, Fault, Scratch
from hypothesis import Phase, settings

import fixtures.profiles  # noqa: F401 - registers its profiles now, not when the run begins
from wergate import comparison, pipeline
from wergate.recognizers.openvino_ir import OpenVinoRecognizer
from wergate.signature import Inputs


def drop_last_frame(_: Scratch) -> None:
    """Drop it; the simplest input that shows it is not looked for, which takes a minute."""
    once = settings(settings.get_profile("wergate"), phases=(Phase.generate,))
    settings.register_profile("first", once)
    settings.load_profile("first")
    logits = OpenVinoRecognizer.logits
    OpenVinoRecognizer.logits = lambda self, waveforms: logits(self, waveforms)[:, :-1]


def drop_last_word(_: Scratch) -> None:
    decode: Callable[..., str] = comparison.greedy_decode
    comparison.greedy_decode = lambda *given: decode(*given).rpartition(" ")[0]


def swap_transcripts(_: Scratch) -> None:
    """Give each of the two longest utterances the other's transcript."""
    evaluate = pipeline.evaluate

    def swapped(*given: Any, **named: Any) -> Any:
        evaluation = evaluate(*given, **named)
        one, other = sorted(evaluation.outcomes, key=lambda outcome: -outcome.duration_s)[:2]
        heard = {one.id: other.hypothesis, other.id: one.hypothesis}
        outcomes = [replace(o, hypothesis=heard.get(o.id, o.hypothesis)) for o in evaluation.outcomes]
        return replace(evaluation, outcomes=tuple(outcomes))

    pipeline.evaluate = swapped


def pad_without_mask(scratch: Scratch) -> None:
    """Say of padding that it counts as well."""
    scratch.options[-1] = "--precisions=fp16"
    feed = Inputs.feed
    Inputs.feed = lambda self, batch, _=None: feed(self, batch)


def ask_for_bf16(_: Scratch) -> None:
    compile_it = OpenVinoRecognizer.__init__
    OpenVinoRecognizer.__init__ = lambda *given, **named: compile_it(*given, **named | {"inference_precision": "bf16"})


FAULTS = (
    Fault("the last frame dropped", "length_max_abs_delta", drop_last_frame, LENGTHS),
    Fault("the last word dropped", "deletion_rise", drop_last_word),
    Fault("transcripts of two utterances swapped", "worst_utterance_rise", swap_transcripts),
    Fault("padding without a mask", "sqnr_db", pad_without_mask),
    Fault("bf16 where f32 was asked", "inference_precision_differs", ask_for_bf16),
)

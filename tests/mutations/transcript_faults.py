"""Faults in inference and decoding: code that loses frames, words or the order of utterances."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import Phase, settings

import fixtures.profiles  # noqa: F401 - registers its profiles now, not when the run begins
from tests.mutations.fault import LENGTHS, Fault, Scratch
from wergate.corpora.audio import Samples
from wergate.evaluation import inference as comparison
from wergate.networks.ctc import Logits
from wergate.recognizers.bucketed import BucketedRecognizer
from wergate.recognizers.openvino import OpenVinoRecognizer
from wergate.session import evaluations, recognizers


def drop_last_frame(_: Scratch) -> None:
    """Drop a frame; hypothesis does not search for the simplest failing input, which takes a minute."""
    once = settings(settings.get_profile("wergate"), phases=(Phase.generate,))
    settings.register_profile("first", once)
    settings.load_profile("first")
    logits = OpenVinoRecognizer.logits
    OpenVinoRecognizer.logits = lambda self, waveforms: logits(self, waveforms)[:, :-1]


def drop_last_word(_: Scratch) -> None:
    decode: Callable[..., str] = comparison.greedy_decode
    comparison.greedy_decode = lambda *given: decode(*given).rpartition(" ")[0]


def swap_transcripts(_: Scratch) -> None:
    """Swap the transcripts of the two longest utterances."""
    evaluate = evaluations.evaluate

    def swapped(*given: Any, **named: Any) -> Any:
        evaluation = evaluate(*given, **named)
        one, other = sorted(evaluation.outcomes, key=lambda outcome: -outcome.duration_s)[:2]
        heard = {one.id: other.hypothesis, other.id: one.hypothesis}
        outcomes = [replace(o, hypothesis=heard.get(o.id, o.hypothesis)) for o in evaluation.outcomes]
        return replace(evaluation, outcomes=tuple(outcomes))

    evaluations.evaluate = swapped


def pad_without_mask(scratch: Scratch) -> None:
    """Pad utterances with zeros to their buckets without a mask, and cut the logits."""
    scratch.options[-1] = "--precisions=fp16"
    completed = BucketedRecognizer.completed

    def padded(self: BucketedRecognizer, utterances: Sequence[Samples]) -> Iterator[tuple[int, Logits]]:
        for number, logits in completed(self, [_filled(self, samples) for samples in utterances]):
            yield number, logits[: self.frontend.frame_count(len(utterances[number]))]

    BucketedRecognizer.completed = padded


def _filled(recognizer: BucketedRecognizer, samples: Samples) -> Samples:
    length = recognizer.buckets.of(recognizer.frontend.used_samples(len(samples))) or len(samples)
    return np.pad(samples[:length], (0, max(0, length - len(samples))))


def ask_for_bf16(_: Scratch) -> None:
    compile_it = OpenVinoRecognizer.__init__
    OpenVinoRecognizer.__init__ = lambda *given, **named: compile_it(*given, **named | {"inference_precision": "bf16"})


def ask_for_bf16_at_one_length(_: Scratch) -> None:
    """Ask for bf16 where a model is compiled for one length, as for timed speech."""
    compile_it = OpenVinoRecognizer.__init__

    def compiled(self: OpenVinoRecognizer, *given: Any, **named: Any) -> None:
        asked = {"inference_precision": "bf16"} if named.get("samples") else {}
        compile_it(self, *given, **named | asked)

    OpenVinoRecognizer.__init__ = compiled


def ask_for_bf16_in_buckets(_: Scratch) -> None:
    options = recognizers.static_options
    recognizers.static_options = lambda _precision, streams, **named: options("bf16", streams, **named)


TIMED = ("benchmarks/test_latency.py", "--model=embedded", "-k=1s")

FAULTS = (
    Fault("the last frame dropped", "length_max_abs_delta", drop_last_frame, LENGTHS),
    Fault("the last word dropped", "deletion_rise", drop_last_word),
    Fault("transcripts of two utterances swapped", "worst_utterance_rise", swap_transcripts),
    Fault("padding without a mask", "sqnr_db", pad_without_mask),
    Fault("bf16 where f32 was asked", "inference_precision_differs", ask_for_bf16),
    Fault("bf16 in buckets alone", "inference_precision_differs", ask_for_bf16_in_buckets),
    Fault("bf16 in timed models alone", "inference_precision_differs", ask_for_bf16_at_one_length, TIMED),
)

"""One utterance at a time, of one length: how long each recognizer takes, and that it was right."""

from __future__ import annotations

from fixtures.benchmarks import Bench, Timed


def test_latency(bench: Bench, timed: Timed, timed_recognizer: str, duration_s: float) -> None:
    """Features and network, from samples to logits; the logits of the last round are compared with PyTorch's."""
    bench.label("latency", f"{bench.called(timed_recognizer)} {duration_s:g} s", audio_s=duration_s)
    recognizer = bench.pipeline.recognizer(bench.model, timed_recognizer)
    waveforms = bench.waveforms(duration_s)
    logits = timed(lambda: recognizer.logits(waveforms))
    bench.check(logits, timed_recognizer, duration_s)

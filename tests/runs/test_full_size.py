"""Full-size models are timed on request: `--full-size` adds them, and other runs say what they leave out."""

from __future__ import annotations

import re

from tests.support.suite_run import Run, run

FULL_SIZE = "random:data2vec-audio-base"


def collected(*options: str) -> Run:
    """Return the collection of all benchmarks."""
    return run(["benchmarks"], "--collect-only", "-q", *options)


def timed(done: Run) -> set[str]:
    """Return the models in the names of the interleaved tests."""
    return set(re.findall(r"test_speedup\[(.+)-(?:fp16|int8)-over-\w+-\w+\]", done.output))


def test_a_plain_run_leaves_them_out_and_says_so() -> None:
    """The note names the models and the option."""
    done = collected()
    assert {"embedded"} == timed(done)
    assert f"without {FULL_SIZE}; --full-size times it too" in done.text


def test_the_option_adds_them() -> None:
    """All that a plain run times, and the full-size model; nothing is left to say."""
    done = collected("--full-size")
    assert {"embedded", FULL_SIZE} == timed(done)
    assert "--full-size" not in done.output


def test_a_model_of_the_command_line_runs_alone() -> None:
    """`--model` chooses, whatever its size."""
    done = collected("--model", FULL_SIZE)
    assert {FULL_SIZE} == timed(done)
    assert "--full-size" not in done.output


def test_the_peak_is_judged_last() -> None:
    """Only what ran before it can be in its figure, also of other folders."""
    done = run(["benchmarks", "accuracy"], "--collect-only", "-q")
    assert "test_peak_memory" in [line for line in done.output.splitlines() if "::" in line][-1]

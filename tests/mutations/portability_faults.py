"""A fault that appears only if 8-bit products are summed in 16 bit: a model without the overflow fix."""

from __future__ import annotations

from tests.mutations.fault import Fault, Scratch
from tests.support.architectures import ARCHITECTURES
from tests.support.tiny import spoken, write_corpus

_PORTABILITY = ("accuracy/test_portability.py",)
_EIGHT_BITS = """
[quantization]
overflow_fix = "disable"
subset_size = 3

[portability]
timing_s = 0.5
"""


def build_without_the_fix(scratch: Scratch) -> None:
    """Build INT8 from a checkpoint that saturates, with all eight bits of its weights, and evaluate it on AVX2.

    The embedded model hardly saturates; a random one with the spread of a trained one's logits does.
    """
    suite = scratch.folder / "eight-bits.toml"
    suite.write_text(_EIGHT_BITS, encoding="utf-8")
    model = ARCHITECTURES[0].save(scratch.folder / "model")
    corpus = write_corpus(scratch.folder / "evaluation.parquet", spoken(range(4)))
    calibration = write_corpus(scratch.folder / "calibration.parquet", spoken(range(10, 13)))
    scratch.options = [f"--corpus={corpus}", f"--calibration={calibration}", "--precisions=int8"]
    scratch.options += [f"--model={model}", f"--suite={suite}", "--study=portability", "--isa=native,avx2"]


FAULTS = (Fault("INT8 without seven-bit weights, on AVX2", "portable_sqnr_db", build_without_the_fix, _PORTABILITY),)

"""Instruction sets that this machine can be limited to: oneDNN's names for them and the CPU flags they require."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wergate.config.base import InferencePrecision, Isa
from wergate.config.variants import subject_of
from wergate.environment.machine import cpu

# oneDNN reads the variable once, when it is loaded, so the limit needs a new process;
# OpenVINO's CPU plugin respects the same limit
LIMIT = "ONEDNN_MAX_CPU_ISA"
_REGISTERS = ("sse4", "avx", "avx2", "avx512")  # in primitive names, from the narrowest registers to the widest
_TILES = "amx"  # in no instruction set below


@dataclass(frozen=True)
class InstructionSet:
    """Properties of an instruction set that `--isa` accepts.

    Attributes:
        limit: oneDNN's name for it; empty for no limit.
        flags: CPU flags that it requires, with Linux's names.
        registers: the widest registers that its primitives may use.
        dot_products: whether it has 8-bit dot products.
    """

    limit: str
    flags: frozenset[str]
    registers: str
    dot_products: bool = False


INSTRUCTION_SETS: Mapping[Isa, InstructionSet] = {
    "native": InstructionSet("", frozenset(), "avx512"),
    "avx512_vnni": InstructionSet(
        "AVX512_CORE_VNNI", frozenset({"avx512f", "avx512_vnni"}), "avx512", dot_products=True
    ),
    "avx512": InstructionSet("AVX512_CORE", frozenset({"avx512f", "avx512bw"}), "avx512"),
    "avx2_vnni": InstructionSet("AVX2_VNNI", frozenset({"avx2", "avx_vnni"}), "avx2", dot_products=True),
    "avx2": InstructionSet("AVX2", frozenset({"avx2"}), "avx2"),
    "avx": InstructionSet("AVX", frozenset({"avx"}), "avx"),
}


@dataclass(frozen=True)
class IsaTarget:
    """An instruction set and an inference precision to run a model in."""

    isa: Isa
    precision: InferencePrecision

    def name(self, variant: str) -> str:
        """Return the name of a variant on this target for messages, with any inference precision other than f32."""
        precision = "" if self.precision == "f32" else f" in {self.precision}"
        return f"{subject_of(variant)} on {self.isa}{precision}"

    def __str__(self) -> str:
        return f"{self.isa}, {self.precision}"


def limited(environment: Mapping[str, str], isa: Isa) -> dict[str, str]:
    """Return a process environment that limits oneDNN to an instruction set; "native" changes nothing."""
    limit = INSTRUCTION_SETS[isa].limit
    return {**environment, LIMIT: limit} if limit else dict(environment)


def unavailable(isa: Isa, device: str) -> str:
    """Return why this machine cannot run an instruction set; empty if it can."""
    if isa == "native":
        return ""
    if device != "CPU":
        return f"--isa {isa} requires a CPU, but the device is {device}"
    missing = sorted(INSTRUCTION_SETS[isa].flags - {*cpu().flags})
    return f"this CPU ({cpu().model}) has no {' and no '.join(missing)}" if missing else ""


def saturates(target: IsaTarget) -> bool:
    """Return whether a target sums 8-bit products in 16 bit, because it has no 8-bit dot products."""
    return not (cpu().has_dot_products if target.isa == "native" else INSTRUCTION_SETS[target.isa].dot_products)


def beyond(isa: Isa, primitives: Iterable[str]) -> str:
    """Return the first primitive that exceeds an instruction set, by wider registers or tiles; empty if none does.

    Args:
        isa: the instruction set.
        primitives: names from the runtime, such as "brgemm_avx512_i8"; names without registers are ignored.
    """
    widest = _REGISTERS.index(INSTRUCTION_SETS[isa].registers)
    return next(
        (name for name in primitives if _registers(name) > widest or (_TILES in name and isa != "native")),
        "",
    )


def _registers(primitive: str) -> int:
    match = re.search(r"avx512|avx2|avx", primitive)
    return _REGISTERS.index(match.group()) if match else 0

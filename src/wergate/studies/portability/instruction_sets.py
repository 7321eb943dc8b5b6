"""Instruction sets that this machine can stand for: what oneDNN is told, and what a CPU must have for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wergate.config.base import InferencePrecision, Isa
from wergate.config.variants import subject_of
from wergate.environment import cpu

LIMIT = "ONEDNN_MAX_CPU_ISA"  # oneDNN reads it once, when it is loaded; OpenVINO's CPU plugin asks the same place
_REGISTERS = ("sse4", "avx", "avx2", "avx512")  # as primitives are named, from the narrowest to the widest
_TILES = "amx"  # which none of the instruction sets below has


@dataclass(frozen=True)
class InstructionSet:
    """What a name of `--isa` stands for.

    Attributes:
        limit: what oneDNN calls it; empty where nothing is limited.
        flags: that the CPU must have, as Linux names them.
        registers: the widest kind that its primitives may use.
        dot_products: whether it has them for 8 bit.
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
    """Where a model is run: an instruction set and an inference precision."""

    isa: Isa
    precision: InferencePrecision

    def name(self, variant: str) -> str:
        """Return how messages call a variant here; the inference precision where it is not the usual one."""
        precision = "" if self.precision == "f32" else f" in {self.precision}"
        return f"{subject_of(variant)} on {self.isa}{precision}"

    def __str__(self) -> str:
        return f"{self.isa}, {self.precision}"


def limited(environment: Mapping[str, str], isa: Isa) -> dict[str, str]:
    """Return the environment of a process that is to run on an instruction set; "native" leaves it as it is."""
    limit = INSTRUCTION_SETS[isa].limit
    return {**environment, LIMIT: limit} if limit else dict(environment)


def unavailable(isa: Isa, device: str) -> str:
    """Return why this machine cannot show an instruction set; empty where it can."""
    if isa == "native":
        return ""
    if device != "CPU":
        return f"--isa {isa} is a CPU's, and the device is {device}"
    missing = sorted(INSTRUCTION_SETS[isa].flags - {*cpu().flags})
    return f"this CPU ({cpu().model}) has no {' and no '.join(missing)}" if missing else ""


def saturates(target: IsaTarget) -> bool:
    """Tell whether 8-bit products are summed in 16 bit there, for want of 8-bit dot products."""
    return not (cpu().has_dot_products if target.isa == "native" else INSTRUCTION_SETS[target.isa].dot_products)


def beyond(isa: Isa, primitives: Iterable[str]) -> str:
    """Return a primitive that uses more than the instruction set has, wider registers or tiles; empty where none does.

    Args:
        primitives: as the runtime names them, such as "brgemm_avx512_i8"; those that name no registers are passed over.
    """
    most = _REGISTERS.index(INSTRUCTION_SETS[isa].registers)
    return next(
        (name for name in primitives if _registers(name) > most or (_TILES in name and isa != "native")),
        "",
    )


def _registers(primitive: str) -> int:
    found = re.search(r"avx512|avx2|avx", primitive)
    return _REGISTERS.index(found.group()) if found else 0

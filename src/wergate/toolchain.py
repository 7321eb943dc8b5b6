"""What a result was made with: package versions, CPU and instruction set."""

from __future__ import annotations

import hashlib
import inspect
import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from types import ModuleType

REPORTED = (
    "openvino",
    "nncf",
    "torch",
    "transformers",
    "datasets",
    "torchmetrics",
    "jiwer",
    "numpy",
    "pytest",
    "pytest-benchmark",
    "hypothesis",
)
# oneDNN's names, from the most to the least capable, with the CPU flags that each needs
_ISA_FLAGS = (
    ("avx512_core_amx", {"avx512f", "amx_int8"}),
    ("avx512_core_bf16", {"avx512f", "avx512_vnni", "avx512_bf16"}),
    ("avx512_core_vnni", {"avx512f", "avx512_vnni"}),
    ("avx512_core", {"avx512f", "avx512bw"}),
    ("avx2_vnni", {"avx2", "avx_vnni"}),
    ("avx2", {"avx2"}),
)
_DOT_PRODUCTS = ("vnni", "amx", "bf16")  # parts of these names; CPUs with bf16 have VNNI too
_GENERATION = {"cpu family": "family", "model": "model"}


@dataclass(frozen=True)
class Cpu:
    """The machine as far as a latency or an INT8 result depends on it.

    Attributes:
        model: its name; a virtual machine may call several generations the same.
        family: numbers of the generation, empty where the system does not tell.
    """

    model: str
    family: str
    isa: str
    flags: tuple[str, ...]
    cores: int

    @property
    def identity(self) -> tuple[str, str, str, int]:
        """What must be equal before absolute latencies may be compared."""
        return self.model, self.family, self.isa, self.cores

    @property
    def has_dot_products(self) -> bool:
        """Whether it multiplies and sums 8-bit values in one instruction, which is what makes INT8 fast."""
        return any(name in self.isa for name in _DOT_PRODUCTS)


@cache
def version(package: str) -> str:
    """Return the installed version without importing the package, or "absent"."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "absent"


def versions(packages: Iterable[str] = REPORTED) -> dict[str, str]:
    """Return the installed versions of several packages."""
    return {package: version(package) for package in packages}


def source_digest(*modules: ModuleType) -> str:
    """Return the SHA-256 of our own modules' source: a changed build step changes the key of what it builds."""
    sources = "\0".join(inspect.getsource(module) for module in modules)
    return hashlib.sha256(sources.encode()).hexdigest()


@cache
def cpu() -> Cpu:
    """Return this machine's CPU; the ISA honours ONEDNN_MAX_CPU_ISA, which the runtime reads at its start."""
    fields = _cpuinfo()
    flags = set(fields.get("flags", "").split())
    isa = next((name for name, needed in _ISA_FLAGS if needed <= flags), "baseline")
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA", "").lower()
    model = fields.get("model name") or platform.processor() or platform.machine()
    relevant = tuple(sorted(flag for flag in flags if flag.startswith(("avx", "amx", "fma"))))
    family = " ".join(f"{name} {fields[key]}" for key, name in _GENERATION.items() if key in fields)
    return Cpu(model, family, limit or isa, relevant, len(os.sched_getaffinity(0)))


def _cpuinfo() -> dict[str, str]:
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return {}
    first = path.read_text(encoding="utf-8").split("\n\n", maxsplit=1)[0]
    pairs = (line.split(":", maxsplit=1) for line in first.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}

"""Package versions, CPU and variables, which a result depends on besides its inputs and our code."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import metadata
from pathlib import Path

from wergate.environment.allocator import BOUNDS
from wergate.environment.cgroups import cpu_quota

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
# oneDNN's names, from the most to the least capable, with the CPU flags that each one requires
_ISA_FLAGS = (
    ("avx512_core_amx", {"avx512f", "amx_int8"}),
    ("avx512_core_bf16", {"avx512f", "avx512_vnni", "avx512_bf16"}),
    ("avx512_core_vnni", {"avx512f", "avx512_vnni"}),
    ("avx512_core", {"avx512f", "avx512bw"}),
    ("avx2_vnni", {"avx2", "avx_vnni"}),
    ("avx2", {"avx2"}),
)
_DOT_PRODUCTS = ("vnni", "amx", "bf16")  # substrings of the names above; every CPU with bf16 has VNNI too
# Variables that change logits: threads, instruction sets, options of the libraries.
_OF_LOGITS = (
    *("OMP_*", "GOMP_*", "KMP_*", "MKL_*", "OPENBLAS_*", "TBB_*"),
    *("ONEDNN_*", "DNNL_*", "OV_*", "OPENVINO_*", "ORT_*", "ATEN_*", "NPY_*"),
)
# Variables that change logits or times, those of memory too. tox.ini passes them on.
VARIABLES = (
    *_OF_LOGITS,
    *("LD_LIBRARY_PATH", "LD_PRELOAD", "GLIBC_TUNABLES", "MALLOC_*", "WERGATE_*"),
)
_OF_SCIKIT_LEARN = {"KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK"}  # it sets them itself, when it is imported
_GENERATION = {"cpu family": "family", "model": "model"}


@dataclass(frozen=True)
class Cpu:
    """The properties of a CPU that affect latencies and INT8 results.

    Attributes:
        model: marketing name. A virtual machine may report one name for several generations.
        family: family and model numbers of the generation; empty if the system does not report them.
        isa: most capable instruction set, under oneDNN's name.
        flags: the AVX, AMX and FMA flags, sorted.
        cores: number of logical CPUs that this process may use, by its affinity and by its quota.
        quota: CPUs whose time its control groups allow, a fraction too; None unless it is less than the affinity.
    """

    model: str
    family: str
    isa: str
    flags: tuple[str, ...]
    cores: int
    quota: float | None = None

    @property
    def identity(self) -> tuple[str, str, str, int, float | None]:
        """The fields that must be equal before absolute latencies may be compared."""
        return self.model, self.family, self.isa, self.cores, self.quota

    @property
    def has_dot_products(self) -> bool:
        """True if one instruction multiplies and adds 8-bit values, which is what makes INT8 fast."""
        return any(name in self.isa for name in _DOT_PRODUCTS)


def size_of(cores: int | str, quota: float | None) -> str:
    """Return the number of cores in words, with the quota if there is one."""
    return f"{cores} cores" + ("" if quota is None else f" (quota of {quota:g} CPUs)")


@cache
def version(package: str) -> str:
    """Return the installed version of a package without importing it, or "absent"."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "absent"


def versions(packages: Iterable[str] = REPORTED) -> dict[str, str]:
    """Return the installed versions of several packages, by package name."""
    return {package: version(package) for package in packages}


def variables() -> dict[str, str]:
    """Return the environment variables that are set and change logits or times, by name."""
    return _set_variables(VARIABLES)


def variables_of_logits() -> dict[str, str]:
    """Return the environment variables that are set and change logits, by name."""
    return _set_variables(_OF_LOGITS)


def _set_variables(patterns: Iterable[str]) -> dict[str, str]:
    found = (name for name in os.environ if any(fnmatchcase(name, pattern) for pattern in patterns))
    return {name: os.environ[name] for name in sorted(found) if os.environ[name] and not _is_ours(name)}


def _is_ours(name: str) -> bool:
    """Return whether a variable has the value that this process, or a library in it, gives it in every run."""
    return name in _OF_SCIKIT_LEARN or os.environ[name] == BOUNDS.get(name)


@cache
def cpu() -> Cpu:
    """Return this machine's CPU, with the instruction set that the runtime will use."""
    fields = _cpuinfo()
    flags = set(fields.get("flags", "").split())
    isa = next((name for name, needed in _ISA_FLAGS if needed <= flags), "baseline")
    # oneDNN reads this variable once, at start-up, and then uses no larger instruction set.
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA", "").lower()
    model = fields.get("model name") or platform.processor() or platform.machine()
    relevant = tuple(sorted(flag for flag in flags if flag.startswith(("avx", "amx", "fma"))))
    family = " ".join(f"{name} {fields[key]}" for key, name in _GENERATION.items() if key in fields)
    return Cpu(model, family, limit or isa, relevant, *_cores(len(os.sched_getaffinity(0)), cpu_quota()))


def _cores(allowed: int, quota: float | None) -> tuple[int, float | None]:
    """Return the number of cores to use, and the quota if it allows fewer than the affinity."""
    if quota is None or quota >= allowed:
        return allowed, None
    return max(1, math.floor(quota)), quota  # a thread more than the quota would be throttled


def thread_options() -> dict[str, str]:
    """Return the options that keep OpenVINO's CPU plugin within a quota, which it does not read; empty without one."""
    return {} if cpu().quota is None else {"INFERENCE_NUM_THREADS": str(cpu().cores)}


def _cpuinfo() -> dict[str, str]:
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return {}
    first = path.read_text(encoding="utf-8").split("\n\n", maxsplit=1)[0]
    pairs = (line.split(":", maxsplit=1) for line in first.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}

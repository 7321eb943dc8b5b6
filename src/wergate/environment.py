"""Package versions, CPU, variables and source digests: all besides its inputs that a result depends on."""

from __future__ import annotations

import ast
import hashlib
import math
import os
import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import metadata
from pathlib import Path

from wergate.cgroups import cpu_quota

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
# Variables that change logits or times: threads, instruction sets, libraries, memory. tox.ini passes them on.
VARIABLES = (
    *("OMP_*", "GOMP_*", "KMP_*", "MKL_*", "OPENBLAS_*", "TBB_*"),
    *("ONEDNN_*", "DNNL_*", "OV_*", "OPENVINO_*", "ORT_*", "ATEN_*", "NPY_*"),
    *("LD_LIBRARY_PATH", "LD_PRELOAD", "GLIBC_TUNABLES", "MALLOC_*", "WERGATE_*"),
)
_OF_SCIKIT_LEARN = {"KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK"}  # it sets them itself, when it is imported
_GENERATION = {"cpu family": "family", "model": "model"}
_PACKAGE = "wergate"
_ROOT = Path(__file__).parent
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


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
    found = (name for name in os.environ if any(fnmatchcase(name, pattern) for pattern in VARIABLES))
    return {name: os.environ[name] for name in sorted(found) if os.environ[name] and name not in _OF_SCIKIT_LEARN}


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


@dataclass(frozen=True)
class _Binding:
    """A name that an import statement binds.

    Attributes:
        bound: name in the importing file.
        module: module that it is imported from.
        name: name in that module; empty if the module itself is imported.
    """

    bound: str
    module: str
    name: str


@dataclass(frozen=True)
class _File:
    """A source file: the digest of its statements without imports, and the names that it imports."""

    digest: str
    bindings: frozenset[_Binding]


@cache
def source_digest(*names: str) -> str:
    """Return one SHA-256 over modules or packages of wergate and all wergate modules that they import.

    The digest covers the syntax tree without docstrings, comments and error messages.
    An import counts as the code that it refers to.
    So rewording or moving a file keeps the digest, and a changed computation always changes it.

    Args:
        names: module names such as `__name__`, or a package such as "wergate.recognizers" for all its modules.
            Also name the modules of objects that a function receives as arguments, such as a recognizer:
            they are not among its imports. Modules of other projects are ignored.

    Raises:
        ValueError: wergate has no module or package of that name.
    """
    records = sorted(_record(_file(path)) for path in _reached(_ROOT, names))
    return hashlib.sha256("\0".join(records).encode()).hexdigest()


def _reached(root: Path, names: Iterable[str]) -> set[Path]:
    """Return the files of modules and packages, and of all wergate modules that they import."""
    waiting = [path for name in names for path in _named(root, name)]
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [target for binding in _file(path).bindings for target in _targets(root, binding)]
    return found


def _named(root: Path, name: str) -> list[Path]:
    path = _path(root, name)
    if name.split(".", maxsplit=1)[0] != _PACKAGE:
        return []
    if path is None:
        raise ValueError(f"{_PACKAGE} has no module or package '{name}'; correct the name")
    return sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else [path]


def _path(root: Path, module: str) -> Path | None:
    """Return the file of a wergate module, or None for any other name."""
    first, *rest = module.split(".")
    place = root.joinpath(*rest)
    candidates = (place.with_suffix(".py"), place / "__init__.py") if rest else (root / "__init__.py",)
    return next((path for path in candidates if path.is_file()), None) if first == _PACKAGE else None


def _targets(root: Path, binding: _Binding) -> Iterator[Path]:
    """Yield the files that an import executes: the module, and the imported name if it is a module too."""
    for module in (binding.module, f"{binding.module}.{binding.name}"):
        path = _path(root, module)
        if path is not None:
            yield path


def _record(file: _File) -> str:
    """Return a file's own digest, followed by the origin of each imported name."""
    bindings = sorted(f"{binding.bound}={_origin(binding)}" for binding in file.bindings)
    return "\n".join([file.digest, *bindings])


def _origin(binding: _Binding) -> str:
    """Return the origin of an imported name.

    A wergate module counts by its digest and not by its path, so that moving a file keeps the digest.
    """
    of_name = _path(_ROOT, f"{binding.module}.{binding.name}")
    path = of_name or _path(_ROOT, binding.module)
    place = binding.module if path is None else _file(path).digest
    return place if of_name else f"{place}.{binding.name}"


def _file(path: Path) -> _File:
    return _parsed(path.read_bytes())


@cache
def _parsed(source: bytes) -> _File:
    tree = ast.parse(source)
    tree.body = [node for node in tree.body if not _is_for_type_checkers(node)]
    bindings = frozenset(binding for node in ast.walk(tree) for binding in _bindings(node))
    _Bare().visit(tree)
    return _File(hashlib.sha256(ast.dump(tree).encode()).hexdigest(), bindings)


def _is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _bindings(node: ast.AST) -> Iterator[_Binding]:
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield _Binding(alias.asname or alias.name, node.module or "", alias.name)
    elif isinstance(node, ast.Import):
        for alias in node.names:
            yield _Binding(alias.asname or alias.name, alias.name, "")


class _Bare(ast.NodeTransformer):
    """Removes everything that cannot change a result: imports, docstrings and error messages."""

    def visit(self, node: ast.AST) -> ast.AST | None:
        """Return the node without them, or None for an import."""
        if isinstance(node, ast.Import | ast.ImportFrom):
            return None
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
        if isinstance(node, ast.Raise) or _makes_an_error(node):
            return _without_text(node)
        self.generic_visit(node)
        return node


def _makes_an_error(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.endswith("Error")


def _without_text(node: ast.AST) -> ast.AST:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            part.value = ""
    return node

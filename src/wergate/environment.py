"""What a result depends on besides its inputs: package versions, the CPU with its instruction set, and our own code."""

from __future__ import annotations

import ast
import hashlib
import os
import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

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
_PACKAGE = "wergate"
_ROOT = Path(__file__).parent
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


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


@dataclass(frozen=True)
class _Binding:
    """A name that an import binds.

    Attributes:
        bound: the name in the importing file.
        module: where it is from.
        name: what it is called there; empty for the module itself.
    """

    bound: str
    module: str
    name: str


@dataclass(frozen=True)
class _File:
    """A source file: a digest of its statements without imports, and what it imports."""

    digest: str
    bindings: frozenset[_Binding]


@cache
def source_digest(*names: str) -> str:
    """Return the SHA-256 of modules or packages of ours, together with all modules of ours that they import.

    The syntax tree is hashed, without docstrings, comments and the wording of errors; an import counts as the code that
    it names. So neither rewording nor moving a file changes the digest, and a changed computation always does.

    Args:
        names: such as `__name__`, or "wergate.recognizers.base" for a package with all its modules. What a function is
            handed, a recognizer say, is not among its imports: name it as well. Modules of others are passed over.

    Raises:
        ValueError: no such module.
    """
    records = sorted(_record(_file(path)) for path in _reached(_ROOT, names))
    return hashlib.sha256("\0".join(records).encode()).hexdigest()


def _reached(root: Path, names: Iterable[str]) -> set[Path]:
    """Return the files of modules and packages, and of everything of ours that they import."""
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
        raise ValueError(f"no module or package of {_PACKAGE} is called '{name}'")
    return sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else [path]


def _path(root: Path, module: str) -> Path | None:
    """Return the file of a module of ours, or None for any other."""
    first, *rest = module.split(".")
    place = root.joinpath(*rest)
    candidates = (place.with_suffix(".py"), place / "__init__.py") if rest else (root / "__init__.py",)
    return next((path for path in candidates if path.is_file()), None) if first == _PACKAGE else None


def _targets(root: Path, binding: _Binding) -> Iterator[Path]:
    """Yield the files that an import reads: the module, and the name where that is a module too."""
    for module in (binding.module, f"{binding.module}.{binding.name}"):
        path = _path(root, module)
        if path is not None:
            yield path


def _record(file: _File) -> str:
    """Return a file's digest, joined with those of what its imports bind."""
    bindings = sorted(f"{binding.bound}={_origin(binding)}" for binding in file.bindings)
    return "\n".join([file.digest, *bindings])


def _origin(binding: _Binding) -> str:
    """Return what an import binds, whatever place it has among our modules."""
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
    """Takes out what changes no figure: imports, docstrings and the wording of errors."""

    def visit(self, node: ast.AST) -> ast.AST | None:
        """Return a node without them, or None for an import."""
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

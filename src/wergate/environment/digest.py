"""Digest of our own code, which a result depends on besides its inputs and the machine."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PACKAGE = "wergate"
_ROOT = Path(__file__).parents[1]
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


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

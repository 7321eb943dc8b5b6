"""Digest of our own code, which a result depends on besides its inputs and the machine."""

from __future__ import annotations

import ast
import hashlib
import os
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
    # Text instead of paths: thousands of names are looked up before the first inference of a run.
    first, *rest = module.split(".")
    place = "/".join([str(root), *rest])
    candidates = (f"{place}.py", f"{place}/__init__.py") if rest else (f"{place}/__init__.py",)
    return next((Path(path) for path in candidates if os.path.isfile(path)), None) if first == _PACKAGE else None  # noqa: PTH113


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
    bindings: set[_Binding] = set()
    text = _node_text(tree, bindings)
    return _File(hashlib.sha256(text.encode()).hexdigest(), frozenset(bindings))


def _is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _bindings(node: ast.AST) -> Iterator[_Binding]:
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield _Binding(alias.asname or alias.name, node.module or "", alias.name)
    elif isinstance(node, ast.Import):
        for alias in node.names:
            yield _Binding(alias.asname or alias.name, alias.name, "")


def _node_text(node: ast.AST, bindings: set[_Binding], *, bare: bool = False) -> str:
    """Return a node as `ast.dump` writes it, without what cannot change a result: docstrings and error messages.

    One pass of our own, because every run needs it: a transformation and `ast.dump` take several times as long.

    Args:
        bindings: receives the names that imports bind; the text has no imports.
        bare: whether string constants are left empty.
    """
    kind = type(node)
    if isinstance(node, ast.Constant):
        return _constant_text(node, bare)
    bare = bare or kind is ast.Raise or _makes_an_error(node)
    parts = []
    for name, is_optional in _fields_of(kind):  # type: ignore[arg-type]  # a class is hashable
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            text = _node_text(value, bindings, bare=bare)
        elif isinstance(value, list):
            own = value[1:] if name == "body" and kind in _DOCUMENTED and _is_documented(value) else value
            text = f"[{', '.join(_texts(own, bindings, bare=bare))}]"
        elif value is None and is_optional:
            continue
        else:
            text = repr(value)
        parts.append(f"{name}={text}")
    return f"{kind.__name__}({', '.join(parts)})"


def _constant_text(node: ast.Constant, bare: bool) -> str:
    value = "" if bare and isinstance(node.value, str) else node.value
    return f"Constant(value={value!r})" if node.kind is None else f"Constant(value={value!r}, kind={node.kind!r})"


def _texts(nodes: list[object], bindings: set[_Binding], *, bare: bool) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            bindings.update(_bindings(node))
        else:
            yield _node_text(node, bindings, bare=bare) if isinstance(node, ast.AST) else repr(node)


@cache
def _fields_of(kind: type[ast.AST]) -> tuple[tuple[str, bool], ...]:
    """Return the fields of a kind of node, and of each whether it may be absent."""
    return tuple((name, getattr(kind, name, ...) is None) for name in kind._fields)


def _is_documented(body: list[ast.stmt]) -> bool:
    return (
        bool(body)
        and isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        and isinstance(body[0].value.value, str)
    )


def _makes_an_error(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.endswith("Error")

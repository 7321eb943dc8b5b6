"""The numbers that a key of a suite file accepts, read from its field and put into words."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo


@dataclass(frozen=True)
class Bounds:
    """The bounds of a number; None for a bound that it does not have."""

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None

    @property
    def is_fraction(self) -> bool:
        """Return whether the number is a fraction from 0 to 1."""
        return (self.ge, self.le) == (0, 1)

    @property
    def words(self) -> str:
        """The bounds as "from 0 to 1" or "above 0, at most 100"; empty without any."""
        if self.ge is not None and self.le is not None:
            return f"from {self.ge:g} to {self.le:g}"
        named = (("at least", self.ge), ("above", self.gt), ("at most", self.le), ("below", self.lt))
        return ", ".join(f"{word} {bound:g}" for word, bound in named if bound is not None)


def bounds_of(annotation: Any, metadata: Iterable[Any] = ()) -> Bounds:
    """Return the bounds of a field by its annotation and its metadata."""
    found = {name: bound for part in (*metadata, *_metadata(annotation)) for name, bound in _bounds(part)}
    return Bounds(**found)


def bounds_at(section: type[BaseModel], location: Sequence[str | int]) -> Bounds:
    """Return the bounds of the key at a location below a section."""
    annotation: Any = section
    metadata: Iterable[Any] = ()
    for part in location:
        kind = _plain(annotation)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            field = kind.model_fields[str(part)]
            annotation, metadata = field.annotation, field.metadata
        else:
            annotation, metadata = get_args(kind)[-1], ()
    return bounds_of(annotation, metadata)


def _plain(annotation: Any) -> Any:
    """Return a type without its metadata and without None."""
    while get_origin(annotation) in {Annotated, Union, types.UnionType}:
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    return annotation


def _metadata(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        plain, *metadata = get_args(annotation)
        yield from metadata
        yield from _metadata(plain)
    elif get_origin(annotation) in {Union, types.UnionType}:
        for part in get_args(annotation):
            yield from _metadata(part)
    elif get_origin(annotation) in {dict, list}:
        yield from _metadata(get_args(annotation)[-1])


def _bounds(metadata: Any) -> Iterator[tuple[str, float]]:
    if isinstance(metadata, FieldInfo):
        for part in metadata.metadata:
            yield from _bounds(part)
    else:
        for name in ("ge", "gt", "le", "lt"):
            bound = getattr(metadata, name, None)
            if bound is not None:
                yield name, bound

"""Text normalizers: applied to reference and hypothesis alike before words are counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

Normalizer = Callable[[str], str]


def collapse_spaces(text: str) -> str:
    """Keep the characters, make every run of white space one space."""
    return " ".join(text.split())


def upper(text: str) -> str:
    """Upper case, single spaces."""
    return collapse_spaces(text.upper())


NORMALIZERS: Mapping[str, Normalizer] = MappingProxyType({"none": collapse_spaces, "upper": upper})

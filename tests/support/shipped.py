"""Sections with the values that suite.toml ships, for tests that need one alone."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from wergate.config.base import Section
from wergate.config.loading import load_config
from wergate.config.suite import SuiteConfig

SUITE = Path(__file__).parents[2] / "suite.toml"
_Kind = TypeVar("_Kind", bound=Section)


@cache
def config() -> SuiteConfig:
    """Return the configuration of a plain run."""
    return load_config(SUITE, {})


def section(kind: type[_Kind], **changes: Any) -> _Kind:
    """Return the one section of a kind that suite.toml has, with some values changed."""
    (found,) = (part for part in _sections(config()) if type(part) is kind)
    return kind.model_validate(found.model_dump() | changes)


def _sections(whole: Section) -> Iterator[Section]:
    """Yield a section's own sections and theirs; those of single models and corpora are none of them."""
    for value in vars(whole).values():
        if isinstance(value, Section):
            yield value
            yield from _sections(value)

"""Sections with the values of the built-in suite.toml, for tests that need a single one."""

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
    """Return the only section of a class in suite.toml, with some values changed."""
    (shipped,) = (part for part in _sections(config()) if type(part) is kind)
    return kind.model_validate(shipped.model_dump() | changes)


def _sections(whole: Section) -> Iterator[Section]:
    """Yield all sections below a section, except for those of single models and corpora."""
    for value in vars(whole).values():
        if isinstance(value, Section):
            yield value
            yield from _sections(value)

"""A setting has its default in one place: suite.toml, or the code where the default is that there is none."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import Field
from pydantic.fields import FieldInfo

from tests.support.shipped import SUITE
from wergate.config.base import Section
from wergate.config.models import CorpusSettings, ModelSettings
from wergate.config.suite import SuiteConfig

SHIPPED = tomllib.loads(SUITE.read_text(encoding="utf-8"))
OF_ONE = {"model": ModelSettings, "corpus": CorpusSettings}
ABSENT = object()


@dataclass(frozen=True)
class Setting:
    """A field of a section and what a suite file says of it."""

    key: str
    info: FieldInfo
    value: Any

    @property
    def default(self) -> Any:
        """What the code says of it."""
        return self.info.get_default(call_default_factory=True)


def settings(kind: type[Section], table: Mapping[str, Any], above: str = "") -> Iterator[Setting]:
    """Yield a section's fields and those of the sections in it, each with its value in a table."""
    for name, info in kind.model_fields.items():
        value = table.get(name, ABSENT)
        yield Setting(above + name, info, value)
        if isinstance(info.annotation, type) and issubclass(info.annotation, Section):
            yield from settings(info.annotation, value if isinstance(value, Mapping) else {}, f"{above}{name}.")


def of_all(kind: type[Section], table: Mapping[str, Any]) -> list[Setting]:
    """Return the fields of a whole file, those of the tables of its models and corpora with them."""
    found = list(settings(kind, table))
    for name, section in OF_ONE.items():
        for of_one, own in table.get(name, {}).items():
            found += settings(section, own, f"{name}.{of_one}.")
    return found


def says_nothing(default: Any) -> bool:
    """Tell whether a default is None, empty, or a threshold that asks for nothing; no flag and no count is one."""
    if isinstance(default, Section):
        return all(map(says_nothing, vars(default).values()))
    return default is None or default in ([], {}) or (isinstance(default, float) and default == 0.0)


def twice(found: list[Setting]) -> set[str]:
    """Return the keys that have a default in the code beside their value in the file."""
    return {
        one.key
        for one in found
        if not one.info.is_required() and one.value is not ABSENT and not says_nothing(one.default)
    }


def repeated(found: list[Setting]) -> set[str]:
    """Return the keys that a file gives the very value that they have in the code."""
    return {one.key for one in found if not one.info.is_required() and one.value == one.default}


def missing(found: list[Setting]) -> set[str]:
    """Return the keys that need a value and have none in the file."""
    return {one.key for one in found if one.info.is_required() and one.value is ABSENT}


def test_no_key_has_a_default_in_both_places() -> None:
    """Two of them would differ one day, and which one holds would hang on the file."""
    found = of_all(SuiteConfig, SHIPPED)
    assert len(found) > 200
    assert set() == twice(found)
    assert set() == repeated(found)


def test_no_default_in_the_code_says_anything() -> None:
    """Whether suite.toml has the key or not: a value that a run uses is read there."""
    found = [*settings(SuiteConfig, {}), *settings(ModelSettings, {}), *settings(CorpusSettings, {})]
    assert set() == {one.key for one in found if not one.info.is_required() and not says_nothing(one.default)}


def test_every_key_that_needs_a_value_has_one() -> None:
    """What all models and corpora share is in suite.toml, so a user's file need not have it."""
    assert set() == missing(list(settings(SuiteConfig, SHIPPED)))


class Inner(Section):
    """A section in a section."""

    required: int
    asked: float = 0.5
    unasked: float = 0.0


class Outer(Section):
    """A file's keys, with each mistake that there is to make."""

    inner: Inner
    flag: bool = False
    names: list[str] = Field(default_factory=list)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("names = ['a']\n[inner]\nrequired = 1\nunasked = 0.1", (set(), set(), set())),
        ("[inner]\nrequired = 1\nasked = 0.7", ({"inner.asked"}, set(), set())),
        ("flag = true\n[inner]\nrequired = 1", ({"flag"}, set(), set())),
        ("names = []\n[inner]\nrequired = 1", (set(), {"names"}, set())),
        ("[inner]\n", (set(), set(), {"inner.required"})),
        ("", (set(), set(), {"inner", "inner.required"})),
    ],
    ids=["clean", "a number twice", "a flag twice", "an empty list repeated", "a key missing", "a table missing"],
)
def test_each_mistake_is_seen(text: str, expected: tuple[set[str], set[str], set[str]]) -> None:
    """What the three tests above look for is found where it is."""
    found = list(settings(Outer, tomllib.loads(text)))
    assert expected == (twice(found), repeated(found), missing(found))

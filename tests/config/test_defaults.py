"""Defaults: each is either in suite.toml, or in the code if it means "not set"."""

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
    """A field of a section, and its value in a suite file."""

    key: str
    info: FieldInfo
    value: Any

    @property
    def default(self) -> Any:
        """Default in the code."""
        return self.info.get_default(call_default_factory=True)


def settings(kind: type[Section], table: Mapping[str, Any], above: str = "") -> Iterator[Setting]:
    """Yield the fields of a section and its subsections, each with its value in a table."""
    for name, info in kind.model_fields.items():
        value = table.get(name, ABSENT)
        yield Setting(above + name, info, value)
        if isinstance(info.annotation, type) and issubclass(info.annotation, Section):
            yield from settings(info.annotation, value if isinstance(value, Mapping) else {}, f"{above}{name}.")


def of_all(kind: type[Section], table: Mapping[str, Any]) -> list[Setting]:
    """Return the fields of a whole file, including those in the tables of its models and corpora."""
    fields = list(settings(kind, table))
    for name, section in OF_ONE.items():
        for of_one, own in table.get(name, {}).items():
            fields += settings(section, own, f"{name}.{of_one}.")
    return fields


def is_unset(default: Any) -> bool:
    """Return True for None, an empty value, or a threshold of 0.0; flags and counts always set something."""
    if isinstance(default, Section):
        return all(map(is_unset, vars(default).values()))
    return default is None or default in ([], {}) or (isinstance(default, float) and default == 0.0)


def duplicated(fields: list[Setting]) -> set[str]:
    """Return the keys that have a default in the code as well as a value in the file."""
    return {
        setting.key
        for setting in fields
        if not setting.info.is_required() and setting.value is not ABSENT and not is_unset(setting.default)
    }


def repeated(fields: list[Setting]) -> set[str]:
    """Return the keys whose value in the file equals their default in the code."""
    return {setting.key for setting in fields if not setting.info.is_required() and setting.value == setting.default}


def missing(fields: list[Setting]) -> set[str]:
    """Return the required keys that have no value in the file."""
    return {setting.key for setting in fields if setting.info.is_required() and setting.value is ABSENT}


def test_no_key_has_a_default_in_both_places() -> None:
    """Two defaults for one key could differ, and then the file would decide which one applies."""
    fields = of_all(SuiteConfig, SHIPPED)
    assert len(fields) > 200
    assert set() == duplicated(fields)
    assert set() == repeated(fields)


def test_every_default_in_the_code_means_unset() -> None:
    """Every value that a run uses comes from suite.toml, even if the code could have a default for it."""
    fields = [*settings(SuiteConfig, {}), *settings(ModelSettings, {}), *settings(CorpusSettings, {})]
    assert set() == {
        setting.key for setting in fields if not setting.info.is_required() and not is_unset(setting.default)
    }


def test_every_required_key_has_a_value() -> None:
    """Settings of all models and corpora are in suite.toml, so a user's file may omit them."""
    assert set() == missing(list(settings(SuiteConfig, SHIPPED)))


class Inner(Section):
    """A subsection."""

    required: int
    preset: float = 0.5
    unset: float = 0.0


class Outer(Section):
    """The keys of a file, with defaults that allow each mistake."""

    inner: Inner
    flag: bool = False
    names: list[str] = Field(default_factory=list)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("names = ['a']\n[inner]\nrequired = 1\nunset = 0.1", (set(), set(), set())),
        ("[inner]\nrequired = 1\npreset = 0.7", ({"inner.preset"}, set(), set())),
        ("flag = true\n[inner]\nrequired = 1", ({"flag"}, set(), set())),
        ("names = []\n[inner]\nrequired = 1", (set(), {"names"}, set())),
        ("[inner]\n", (set(), set(), {"inner.required"})),
        ("", (set(), set(), {"inner", "inner.required"})),
    ],
    ids=["clean", "a number twice", "a flag twice", "an empty list repeated", "a key missing", "a table missing"],
)
def test_each_mistake_is_detected(text: str, expected: tuple[set[str], set[str], set[str]]) -> None:
    """The functions behind the tests above detect each mistake in a file that has it."""
    fields = list(settings(Outer, tomllib.loads(text)))
    assert expected == (duplicated(fields), repeated(fields), missing(fields))

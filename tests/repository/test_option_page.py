"""Command line, help and page come from one table of options."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import get_args

import pytest

from fixtures.option_page import PAGE, option_page
from tests.support.suite_run import ROOT, run
from wergate.cli.option_table import GROUPS, OPTIONS, Option
from wergate.config.base import QuantizerName
from wergate.config.models import ModelSettings
from wergate.config.suite import SuiteConfig


def test_the_committed_page_is_that_of_the_table() -> None:
    """The page lists every option and study."""
    assert PAGE.read_text(encoding="utf-8") == option_page(), "python docs/development/reference.py --write"


def test_the_page_is_written_without_pytest() -> None:
    """The table and the page do not import pytest."""
    code = "import sys, fixtures.option_page; sys.exit('pytest' in sys.modules)"
    places = {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}", "PYTHONDONTWRITEBYTECODE": "1"}
    assert 0 == subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=places, check=False).returncode


def test_every_key_is_one_of_the_suite_file() -> None:
    """At its top, or in the table of a model; no two options win over the same one."""
    keys = [key for option in OPTIONS for key in option.keys]
    assert set() == set(keys) - SuiteConfig.model_fields.keys() - ModelSettings.model_fields.keys()
    assert len(keys) == len(set(keys))
    assert len(OPTIONS) == len({option.flag for option in OPTIONS})


def test_the_help_has_every_option_under_its_title() -> None:
    """As people see it with `pytest --help`."""
    text = " ".join(run([], "--help").output.split())
    for group in GROUPS:
        _, _, below = text.partition(f" wergate, {group.title}: ")
        own = [option for option in group.options if option.kind != "switch of pytest"]
        places = [below.find(f"{option.flag}={option.metavar}".strip("=")) for option in own]
        assert places == sorted(places)
        assert places[0] == 0
    for option in OPTIONS:
        assert " ".join(option.help.split()) in text, option.flag


def test_every_quantizer_is_named() -> None:
    """By the help of the option that chooses one."""
    (option,) = (option for option in OPTIONS if option.flag == "--quantizer")
    named = re.findall(r"[\w-]+", option.help.partition("(default")[0])
    assert set() == set(get_args(QuantizerName)) - set(named)


READ = (
    (Option("--one", "NAME", ""), "a,b", "a,b"),
    (Option("--some", "LIST", "", kind="list"), "a, b", ["a", "b"]),
    (Option("--some", "LIST", "", kind="list"), None, None),
    (Option("--more", "SPEC", "", kind="repeated"), ["a,b", "c"], ["a,b", "c"]),
    (Option("--all", "LIST", "", kind="repeated list"), ["a,b", "c"], ["a", "b", "c"]),
    (Option("--switch", "", "", kind="switch"), None, None),
)


@pytest.mark.parametrize(("option", "given", "value"), READ)
def test_a_value_is_read_by_its_kind(option: Option, given: object, value: object) -> None:
    """Commas part lists, and nothing else; what is not given stays so."""
    assert value == option.read(given)

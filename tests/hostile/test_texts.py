"""Foreign texts in the outputs: nothing that a terminal, a browser or a log would obey."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from _pytest.junitxml import bin_xml_escape

from wergate.errors import SuiteError, printable
from wergate.formatting import table, verbatim

COMMANDS = ("\x1b[2J", "\x1b]8;;http://evil\x1b\\x", "\x1b]52;c;cm0=\a", "a\rb", "\u202eb", "\u2066b", "\x9b2J", "\0")


@pytest.mark.parametrize("text", COMMANDS)
def test_no_output_holds_a_command(text: str) -> None:
    """Terminal lines, errors, cells and code blocks of Markdown have escapes in their place."""
    for shown in (printable(text), str(SuiteError(text)), table(("x",), [(text,)]), verbatim([text])):
        assert not set(shown) & set("\x1b\x07\r\x9b\0\u202e\u2066"), ascii(shown)


@pytest.mark.parametrize("text", ["![x](http://evil/a.png)", "[x](javascript:alert)", "<img src=x>", "a | b"])
def test_a_cell_holds_text_alone(text: str) -> None:
    """A reader's browser would fetch the image, and run the link."""
    row = table(("x",), [(text,)]).splitlines()[-1]
    assert "](" not in row
    assert "<img" not in row
    assert 2 == row.replace("\\|", "").count("|")


def test_a_code_block_has_a_longer_fence_than_its_text() -> None:
    """Or else the text would end it."""
    shown = verbatim(["a\n````\n![x](http://evil)"]).splitlines()
    assert "`````text" == shown[0]
    assert "`````" == shown[-1]


def test_an_error_is_one_line() -> None:
    """So no text of a file begins a line of GitHub's log."""
    assert "a ::error::b" == str(SuiteError("a\n::error::b"))


def test_control_characters_keep_a_junit_report_readable() -> None:
    """pytest writes the properties."""
    assert ET.fromstring(f"<a>{bin_xml_escape('=cmd()' + chr(1) + chr(0xFFFE))}</a>").text  # noqa: S314

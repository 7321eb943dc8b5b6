"""Everybody can use the page: by axe's rules, on a narrow screen, without colour, and on paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Open
from tests.support.generated_run import Made

pytestmark = pytest.mark.browser

TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
A4_PIXELS = 1123 - 2 * 60  # at 96 dpi, without the margins


@pytest.mark.parametrize(("scheme", "width", "opened"), [
    ("light", 1280, False), ("dark", 1280, False), ("light", 1280, True), ("dark", 1280, True), ("light", 320, True),
])  # fmt: skip
def test_axe_finds_nothing(scheme: str, width: int, opened: bool, failing: tuple[Made, Path], open_page: Open) -> None:
    """H10: none in light, in dark, with an utterance open, and at 320 pixels without scrolling sideways."""
    from axe_playwright_python.sync_playwright import Axe

    found = open_page(failing[1], scheme=scheme, width=width, bypass_csp=True)
    if opened:
        found.page.locator(".row").first.click()
        found.page.wait_for_selector(".lines3")
    found.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    report: dict[str, Any] = Axe().run(found.page, options={"runOnly": TAGS}).response
    broken = [f"{one['id']}: {node['html'][:120]}" for one in report["violations"] for node in one["nodes"][:3]]
    assert [] == broken
    assert found.page.evaluate("document.documentElement.scrollWidth") <= width


def test_no_meaning_is_colour_alone(failing: tuple[Made, Path], open_page: Open) -> None:
    """H12: with the colours of the system, verdict and errors are words, letters and shapes."""
    found = open_page(failing[1], forced_colors="active")
    page = found.page
    assert "FAIL" in found.texts("h1")[0]
    assert {"FAIL", "INCONCLUSIVE"} >= set(found.texts("article.gate .word"))
    for row in range(12):
        page.locator(".row").nth(row).click()
        page.wait_for_selector(".lines3")
        letters = page.eval_on_selector_all(
            ".lines3 mark, .lines3 del, .lines3 ins", "all => all.map(one => [one.tagName, one.textContent.slice(-1)])"
        )
        assert all(letter == {"MARK": "S", "DEL": "D", "INS": "I"}[tag] for tag, letter in letters)
    assert (
        page.evaluate(
            "getComputedStyle(document.querySelector('.lines3 mark, .lines3 del, .lines3 ins')).borderTopStyle"
        )
        == "solid"
    )


def test_verdict_and_first_failure_are_on_the_first_sheet(failing: tuple[Made, Path], open_page: Open) -> None:
    """H18: printed on A4, the first sheet has the verdict and the section on what did not pass."""
    page = open_page(failing[1], width=680).page
    page.emulate_media(media="print")
    bottom = page.evaluate("document.querySelector('#failed article.gate').getBoundingClientRect().bottom + scrollY")
    assert bottom < A4_PIXELS
    sheets = page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", sheets)) >= 2

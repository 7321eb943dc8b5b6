"""The utterance browser: alignments, player, filters, permalinks, keys and foreign text."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import Open, Opened
from tests.support.generated_run import CORPORA, Made, make_run
from wergate.report.page.render import render

pytestmark = pytest.mark.browser


def counted(found: Opened, side: str) -> tuple[int, ...]:
    """Return the coloured errors of a recognizer in the open utterance."""
    return tuple(found.page.locator(f'tr[data-side="{side}"] {tag}').count() for tag in ("mark", "del", "ins"))


def test_coloured_errors_are_the_counted_ones(failing: tuple[Made, Path], open_page: Open) -> None:
    """H5: S, D and I of each utterance equal its counts, and their sums those of the table."""
    made, file = failing
    found = open_page(file)
    page = found.page
    rows = [row for row in made.utterances if row.corpus == CORPORA[0]]
    totals = {"pytorch": [0, 0, 0], "INT8": [0, 0, 0]}
    for row in rows:
        page.evaluate("id => { location.hash = `u=${encodeURIComponent(id)}&v=int8`; }", row.id)
        page.wait_for_selector(f'li[data-id="{row.id}"] .lines3')
        for side, wrote in (("pytorch", row.reference), ("INT8", row.transcript("int8"))):
            expected = (wrote.substitutions, wrote.deletions, wrote.insertions)
            assert expected == counted(found, side), row.id
            totals[side] = [one + other for one, other in zip(totals[side], expected, strict=True)]
    table = page.locator("#words .wide").first
    for name, side in (("pytorch", "pytorch"), ("int8", "INT8")):
        shown = table.locator(f'tr[data-row="{name}"] .sdi').text_content()
        assert "/".join(map(str, totals[side])) == shown


@pytest.mark.parametrize("scheme", ["file", "http"])
def test_a_recording_plays(scheme: str, failing: tuple[Made, Path], served: str, open_page: Open) -> None:
    """H6: time passes, the duration is that of the recording, and there is one player."""
    found = open_page(failing[1] if scheme == "file" else served)
    page = found.page
    page.locator(".row").nth(2).click()
    assert page.evaluate("document.querySelectorAll('audio').length") == 1
    page.locator(".play").click()
    found.until("document.getElementById('sound').currentTime > 0.2")
    length = page.evaluate("document.getElementById('sound').duration")
    id_ = found.ids()[2]
    assert abs(length - failing[0].seconds[id_]) < 0.2
    page.locator(".play").click()
    assert page.evaluate("document.getElementById('sound').paused")
    page.locator(".row").nth(4).click()
    assert page.evaluate("document.querySelectorAll('audio').length") == 1


def test_filters_find_what_they_say(failing: tuple[Made, Path], open_page: Open) -> None:
    """H7: "worse" lists the ids whose errors rose, a text finds one, and back restores."""
    made, file = failing
    found = open_page(file)
    page = found.page
    worse = {row.id for row in made.utterances if row.added("int8") > 0}
    page.get_by_label("Show").select_option("worse")
    assert worse == set(found.ids())
    assert len(worse) < len(made.utterances)
    for change, expected in (
        ("better", {row.id for row in made.utterances if row.added("int8") < 0}),
        ("changed", {row.id for row in made.utterances if row.variants["int8"].transcript}),
    ):
        page.get_by_label("Show").select_option(change)
        found.until("count => document.querySelectorAll('.list > li').length === count", min(50, len(expected)))
        assert set(found.ids()) <= expected
    page.go_back()
    page.go_back()
    found.until("count => document.querySelectorAll('.list > li').length === count", len(worse))
    assert worse == set(found.ids())
    page.get_by_label("Text or id").fill("other-00007")
    assert ["other-00007"] == found.ids() or "other-00007" not in worse
    page.get_by_label("Show").select_option("all")
    page.get_by_label("Text or id").fill("other-00007")
    assert ["other-00007"] == found.ids()


def test_a_permalink_opens_its_utterance_and_back_leaves_it(failing: tuple[Made, Path], open_page: Open) -> None:
    """H7: the address opens one utterance wherever its place in the list is."""
    last = failing[0].utterances[-1].id
    found = open_page(failing[1], hash_=f"#u={last}")
    found.page.wait_for_selector(f'li[data-id="{last}"] .open-one')
    assert found.count(".open-one") == 1
    other = found.ids()[0]
    found.page.locator(".row").first.click()
    found.page.wait_for_selector(f'li[data-id="{other}"] .open-one')
    found.page.go_back()
    found.page.wait_for_selector(f'li[data-id="{last}"] .open-one')


def test_a_gate_leads_to_its_utterances(failing: tuple[Made, Path], open_page: Open) -> None:
    """The link of a failed gate shows those of its corpus that got worse."""
    made, file = failing
    found = open_page(file)
    gates = found.page.locator("article.gate", has=found.page.locator("h3", has_text="INT8 wer"))
    gates.locator(".go").first.click()
    worse = {row.id for row in made.utterances if row.added("int8") > 0}
    corpus = "clean" if found.ids()[0].startswith("clean") else "other"
    assert {id_ for id_ in worse if id_.startswith(corpus)} == set(found.ids())


def test_the_keyboard_is_enough(failing: tuple[Made, Path], open_page: Open) -> None:
    """H11: filter, open, play, next; the focus is visible, and nothing moves for those who ask for that."""
    found = open_page(failing[1], reduced_motion="reduce")
    page, keys = found.page, found.page.keyboard
    keys.press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    keys.type("clean")
    keys.press("Tab")
    keys.press("j")
    first = page.wait_for_selector(".row[aria-expanded=true]")
    assert first.evaluate("row => row === document.activeElement")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    keys.press("Space")
    found.until("!document.getElementById('sound').paused")
    keys.press("Space")
    found.until("document.getElementById('sound').paused")
    before = found.ids().index(page.evaluate("document.querySelector('.open-one').closest('li').dataset.id"))
    keys.press("j")
    found.until(
        "next => [...document.querySelectorAll('.list > li')].findIndex(li => li.querySelector('.open-one')) === next",
        before + 1,
    )
    keys.press("k")
    found.until(
        "was => [...document.querySelectorAll('.list > li')].findIndex(one => one.querySelector('.open-one')) === was",
        before,
    )
    keys.press("?")
    assert page.locator("dialog[open]").count() == 1
    keys.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    "A\u2028LINE <b>BOLD</b>",
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0643",
    "W" * 10_000,
    "<!-- {{ 7 * 7 }} &amp; \"'`${1}",
)


def test_foreign_text_is_text(tmp_path: Path, open_page: Open) -> None:
    """H14: markup, separators, right-to-left and a very long word are shown as they are, in ids and transcripts."""
    given = [(text, f"{text} X", f"{text} Y Z") for text in HOSTILE]
    made = make_run(tmp_path / "run", count=3, given=given, ids=[f"{n}{text[:60]}" for n, text in enumerate(HOSTILE)])
    render(made.folder, tmp_path / "page.html")
    found = open_page(tmp_path / "page.html", width=390)
    page = found.page
    shown = found.ids()
    assert {row.id for row in made.utterances} == set(shown)
    for number in range(len(shown)):
        page.locator(".row").nth(number).click()
        page.wait_for_selector(".open-one .lines3")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), shown[number]
    assert 0 == page.locator("main img").count()
    assert 0 == page.locator("main .row b, main .row script").count()
    assert [] == found.complaints
    said = {row.id: row.text for row in made.utterances}
    one = next(id_ for id_ in shown if id_.startswith("0<"))
    text = page.locator(f"li:nth-child({shown.index(one) + 1}) .say").text_content()
    assert said[one] == text

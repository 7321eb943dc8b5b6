"""The pages of `wergate compare` and `wergate history`: no request, no complaint, accessible, foreign text as text."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Open
from tests.browser.test_access import TAGS
from tests.support.generated_run import CORPORA, make_run, texts
from wergate.cli.main import main
from wergate.report.history.entry import add_entry
from wergate.report.run_folder.folder import read_run

pytestmark = pytest.mark.browser
COUNT = 30
HOSTILE = "</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs of the same speech, whose second one has more word errors."""
    folder = tmp_path_factory.mktemp("pages")
    good = texts(COUNT, 0.1, 5)
    bad = [(said, first, f"{second.rpartition(' ')[0]} {HOSTILE}") for said, first, second in good]
    for name, given in (("before", good), ("after", bad)):
        make_run(folder / name, count=COUNT, given=given, ids=[HOSTILE, *(f"id-{n}" for n in range(1, COUNT))])
    return folder


@pytest.fixture(scope="module")
def compared(folder: Path) -> Path:
    """The page about both runs."""
    page = folder / "compare.html"
    main(["compare", str(folder / "before"), str(folder / "after"), "--report", str(page)])
    return page


@pytest.fixture(scope="module")
def history(folder: Path) -> Path:
    """The page about a history with a step, of a model with a hostile name."""
    run = read_run(folder / "before").results
    for number in range(12):
        change = {"model": HOSTILE, "noise": ["NOISY"] * (number == 0)}
        rows = [row.model_copy(update={**change, "ratio": (1 + number // 6) * row.ratio}) for row in run.ratios]
        created = datetime(2026, 1, 2, 3, number, tzinfo=UTC)
        add_entry(run.model_copy(update={"ratios": rows}), folder / "history", created=created)
    page = folder / "history.html"
    assert 0 == main(["history", str(folder / "history"), "--report", str(page)])
    return page


@pytest.fixture(params=["compare", "history"])
def page(request: pytest.FixtureRequest, compared: Path, history: Path) -> Path:
    """Each of the pages."""
    return {"compare": compared, "history": history}[request.param]


def test_it_asks_for_nothing_else(page: Path, open_page: Open) -> None:
    """One request, no message and no exception; no foreign element is made."""
    found = open_page(page)
    found.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert [page.as_uri()] == [one for one in found.requests if not one.startswith(("data:", "blob:"))]
    assert [] == found.complaints
    assert 0 == found.count("img")
    assert HOSTILE in found.page.evaluate("document.body.innerText")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 320)])
def test_axe_finds_nothing(scheme: str, width: int, page: Path, open_page: Open) -> None:
    """With everything open, and no scrolling sideways."""
    from axe_playwright_python.sync_playwright import Axe

    found = open_page(page, scheme=scheme, width=width, bypass_csp=True)
    if found.count(".row"):
        found.page.locator(".row").first.click()
        found.page.wait_for_selector(".lines3")
    found.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    report: dict[str, Any] = Axe().run(found.page, options={"runOnly": TAGS}).response
    broken = [f"{one['id']}: {node['html'][:120]}" for one in report["violations"] for node in one["nodes"][:3]]
    assert [] == broken
    assert found.page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_scripts_the_figures_are_complete(page: Path, open_page: Open) -> None:
    """Tables and charts need none."""
    found = open_page(page, java_script_enabled=False)
    assert found.count("table") >= 3
    assert found.count('svg[role="img"]') >= 2


def test_an_utterance_has_what_both_runs_wrote(folder: Path, compared: Path, open_page: Open) -> None:
    """In rows A and B, with the errors of both, of the variant that is chosen."""
    found = open_page(compared)
    page = found.page
    page.get_by_label("Variant").select_option("int8")
    page.get_by_label("Corpus").select_option("0")
    before, after = (read_run(folder / name).utterances for name in ("before", "after"))
    for old, new in list(zip(before, after, strict=True))[:10]:
        page.evaluate("id => { location.hash = `u=${encodeURIComponent(id)}&v=int8`; }", new.id)
        found.until("id => document.querySelector('#open-utterance')?.parentElement.dataset.id === id", new.id)
        found.page.wait_for_selector(".lines3")
        for side, row in (("A", old), ("B", new)):
            wrote = row.transcript("int8")
            expected = [wrote.substitutions, wrote.deletions, wrote.insertions]
            assert expected == [page.locator(f'tr[data-side="{side}"] {tag}').count() for tag in ("mark", "del", "ins")]
    assert 0 == page.get_by_text("SQNR", exact=True).count()


def test_only_what_changed_between_the_runs_is_a_change(compared: Path, open_page: Open) -> None:
    """FP16 wrote the same in both, and INT8 changed every utterance of one corpus."""
    found = open_page(compared)
    page = found.page
    page.get_by_label("Show").select_option("changed")
    for variant, expected in (("fp16", 0), ("int8", COUNT)):
        page.get_by_label("Variant").select_option(variant)
        found.until("count => document.querySelectorAll('.list > li').length === count", expected)
    assert CORPORA[0] in page.locator("#utterances").inner_text()


def test_a_recording_plays(compared: Path, open_page: Open) -> None:
    """The page contains those of run B."""
    found = open_page(compared)
    found.page.locator(".row").first.click()
    found.page.locator(".play").click()
    found.until("document.getElementById('sound').currentTime > 0.1")


def test_a_step_is_a_line_and_a_sentence(history: Path, open_page: Open) -> None:
    """Between the runs that it separates, on each of both speed-ups."""
    found = open_page(history)
    assert 2 == found.count(".trend .limit")
    assert 12 * 8 == found.count(".trend .point")
    assert 2 == found.count(".trend .noisy .point")
    assert 2 == sum("A hollow dot is a noisy run" in text for text in found.texts(".trend"))
    marked = [text for text in found.texts(".trend li") if "run 7 of 12" in text]
    assert 2 == len(marked)

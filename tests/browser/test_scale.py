"""A run of 10,000 utterances."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import Open
from tests.support.generated_run import make_large_run
from wergate.report.page.render import render

pytestmark = pytest.mark.browser

UTTERANCES = 10_000
USABLE_S, SEARCH_MS, ROWS_MAX = 3.0, 200.0, 100


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run with as much audio as the budget takes."""
    folder = tmp_path_factory.mktemp("large")
    render(make_large_run(folder / "run", utterances=UTTERANCES, audio_mb=20), folder / "page.html")
    return folder / "page.html"


def test_its_size(large: Path) -> None:
    """H13: at most 30 MB with recordings, and at most 4 MB without."""
    text = large.read_bytes()
    recordings = sum(len(part) for part in text.split(b"<script") if b'id="audio-' in part[:60])
    assert len(text) <= 30e6
    assert len(text) - recordings <= 4e6


def test_it_is_usable_at_once(large: Path, open_page: Open) -> None:
    """H13: usable within 3 s, a search within 200 ms, and at most 100 rows at a time."""
    found = open_page(large)
    page = found.page
    ready_ms = page.evaluate("performance.getEntriesByName('usable')[0].startTime")
    assert ready_ms / 1000 < USABLE_S
    assert page.locator(".list > li").count() <= ROWS_MAX
    took_ms = page.evaluate("""() => new Promise(done => {
        const field = document.querySelector('input[type=search]'), started = performance.now();
        new MutationObserver((_, watch) => { watch.disconnect(); done(performance.now() - started); })
            .observe(document.querySelector('.list'), {childList: true, subtree: true, characterData: true});
        field.value = 'clean-09999';
        field.dispatchEvent(new Event('input', {bubbles: true}));
    })""")
    assert took_ms < SEARCH_MS
    found.until("document.querySelectorAll('.list > li').length === 1")

"""Chromium, pages in it, and the generated runs that the pages are about."""

from __future__ import annotations

import http.server
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.support.generated_run import Made, make_run
from wergate.report.page.render import render

_LOOKS, _LOOK_MS = 300, 50
_NAMES = ("chromium", "chromium-browser", "google-chrome")
collect_ignore_glob = [] if find_spec("playwright") else ["test_*.py"]


@dataclass
class Opened:
    """A page in the browser, and what it did.

    Attributes:
        page: playwright's page.
        requests: addresses that were requested.
        complaints: messages of the console, and exceptions.
    """

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def count(self, selector: str) -> int:
        """Return the number of elements."""
        return int(self.page.locator(selector).count())

    def until(self, expression: str, argument: Any = None) -> None:
        """Wait until an expression holds; playwright's own wait needs eval, which the policy of the page forbids."""
        for _ in range(_LOOKS):
            if self.page.evaluate(expression, argument):
                return
            self.page.wait_for_timeout(_LOOK_MS)
        pytest.fail(f"never true: {expression}")

    def texts(self, selector: str) -> list[str]:
        """Return the texts of elements."""
        found: list[str] = self.page.locator(selector).all_text_contents()
        return found

    def ids(self) -> list[str]:
        """Return the ids of the utterances that are listed."""
        found: list[str] = self.page.eval_on_selector_all(".list > li", "all => all.map(one => one.dataset.id)")
        return found


Open = Callable[..., Opened]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The system's Chromium; it is needed where CI is set."""
    found = next((path for path in map(shutil.which, _NAMES) if path), None)
    if found is None:
        reason = "no chromium is installed: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def failing(tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, Path]:
    """A run with failed gates, and its page."""
    folder = tmp_path_factory.mktemp("failing")
    made = make_run(folder / "run")
    render(made.folder, folder / "page.html")
    return made, folder / "page.html"


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Open]:
    """Return the function that opens a file or an address and waits until the page is usable."""
    contexts = []

    def open_it(where: Path | str, *, scheme: str = "light", width: int = 1280, hash_: str = "", **more: Any) -> Opened:
        address = where.as_uri() if isinstance(where, Path) else where
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, offline=address.startswith("file:"), **more
        )
        contexts.append(context)
        opened = Opened(context.new_page())
        page = opened.page
        page.set_default_timeout(15_000)
        page.on("request", lambda request: opened.requests.append(request.url))
        page.on("console", lambda message: opened.complaints.append(message.text))
        page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        page.goto(f"{address}{hash_}")
        if more.get("java_script_enabled", True) and page.query_selector("#browser"):
            page.wait_for_selector("#browser[data-ready]")
        return opened

    yield open_it
    for context in contexts:
        context.close()


@pytest.fixture
def served(failing: tuple[Made, Path]) -> Iterator[str]:
    """The address of the page on a local server."""
    handler = partial(_Quiet, directory=str(failing[1].parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/page.html"
        server.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Print nothing."""

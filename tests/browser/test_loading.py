"""The page loads from a disk and from a server, asks for nothing else, and is readable without scripts."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

from tests.browser.conftest import Open
from tests.support.generated_run import Made
from wergate.verdict import Status

pytestmark = pytest.mark.browser
_INTRUDE = """() => {
    const script = document.createElement('script');
    script.textContent = 'window.intruder = 1';
    document.body.append(script);
}"""


def test_from_a_disk_it_asks_for_nothing_else(failing: tuple[Made, Path], open_page: Open) -> None:
    """H1: one request, no message and no exception, by file://."""
    found = open_page(failing[1])
    found.page.locator(".row").first.click()
    assert [failing[1].as_uri()] == [
        address for address in found.requests if not address.startswith(("data:", "blob:"))
    ]
    assert [] == found.complaints


def test_from_a_server_it_asks_for_nothing_else(served: str, open_page: Open) -> None:
    """H1: one request, no message and no exception, by http://."""
    found = open_page(served)
    found.page.locator(".row").first.click()
    found.page.locator(".play").click()
    found.until("document.getElementById('sound').currentTime > 0.1")
    assert [served] == [address for address in found.requests if not address.startswith(("data:", "blob:"))]
    assert [] == found.complaints


def test_its_policy_names_the_one_script(failing: tuple[Made, Path], open_page: Open) -> None:
    """H2: everything is forbidden but the script and the style of these hashes, images of data, and sound."""
    text = failing[1].read_text(encoding="utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    script = re.search(r"<script>(.*)</script>", text, flags=re.DOTALL)
    assert policy
    assert script
    parts = dict(part.strip().split(" ", 1) for part in policy[1].replace("&#39;", "'").split(";"))
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    expected = {"default-src": "'none'", "connect-src": "'none'", "media-src": "blob: data:"}
    assert expected.items() <= parts.items()
    assert f"'sha256-{digest}'" == parts["script-src"]
    found = open_page(failing[1])
    found.page.evaluate(_INTRUDE)
    assert found.page.evaluate("window.intruder === undefined")


def test_without_scripts_the_sections_are_complete(failing: tuple[Made, Path], open_page: Open) -> None:
    """H3: verdict, gates, word errors, speed, trade-off, machine and passed gates are there; utterances say why not."""
    found = open_page(failing[1], java_script_enabled=False)
    assert "FAIL" in found.texts("h1")[0]
    assert found.count("#failed article.gate") > 0
    assert found.count("#words tbody tr") >= 6
    assert found.count("#speed figure") >= 3
    assert found.count("#tradeoff figure") == 2
    assert found.count("#machine table") >= 3
    assert found.count("#passed li") == sum(row.status is Status.PASS for row in failing[0].results.verdicts)
    assert "Scripts are off" in found.texts("#utterances")[0]


def test_the_verdict_and_each_failure_are_there_once(failing: tuple[Made, Path], open_page: Open) -> None:
    """H4: the first heading has the verdict, and section 2 each line of a failed gate, which no other place has."""
    found = open_page(failing[1])
    heading = found.page.locator("h1, h2, h3").first
    assert "FAIL" in heading.text_content()
    lines = [row.line for row in failing[0].results.verdicts if row.status is Status.FAIL]
    assert lines
    section = found.page.locator("#failed").text_content()
    body = found.page.locator("body").evaluate(
        """body => {
            const copy = body.cloneNode(true);
            copy.querySelectorAll('script').forEach(one => one.remove());
            return copy.textContent;
        }"""
    )
    assert [1] * len(lines) == [section.count(line) for line in lines]
    assert [1] * len(lines) == [body.count(line) for line in lines]

"""Make the picture of the report page: `python docs/guides/picture.py PAGE.html`; needs playwright and Chromium."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

OUT = Path(__file__).parents[1] / "assets" / "report.png"
WIDTH, HEIGHT = 1200, 900
BYTES_MAX = 300_000


def main() -> None:
    """Open the page, and keep its top."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    asked = parser.parse_args()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=asked.chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(asked.page.resolve().as_uri())
        page.wait_for_selector("#browser[data-ready]")
        page.screenshot(path=OUT)
        browser.close()
    size = OUT.stat().st_size
    if size >= BYTES_MAX:
        sys.exit(f"{OUT.name} has {size} bytes, but should have fewer than {BYTES_MAX}")


if __name__ == "__main__":
    main()

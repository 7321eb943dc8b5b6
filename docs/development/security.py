"""The table of hostile inputs in docs/security.md: `python docs/development/security.py --write` writes it.

Without `--write` it exits with 1 if the page has another table than the tests.
"""
# ruff: noqa: INP001 - a script, and no package

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.hostile.inputs import INPUTS, Hostile  # noqa: E402 - the paths come first
from wergate.formatting import table  # noqa: E402

PAGE = ROOT / "docs" / "security.md"
_TABLE = re.compile(r"(?<=<!-- table -->\n).*(?=\n<!-- end -->)", re.DOTALL)


def _answer(hostile: Hostile) -> str:
    """Return what the suite does, and the words of its line."""
    return f"refuses it: `{hostile.answer}`" if hostile.answer else hostile.instead


def page() -> str:
    """Return the page with the table of the tests."""
    rows = [(hostile.kind, hostile.what, _answer(hostile)) for hostile in INPUTS]
    text = table(("input", "what is hostile", "what wergate does"), rows)
    return _TABLE.sub(lambda _: f"\n{text}\n", PAGE.read_text(encoding="utf-8"))


def main() -> None:
    """Write the page, or say that it differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the page")
    write, text = parser.parse_args().write, page()
    if write:
        PAGE.write_text(text, encoding="utf-8")
    elif text != PAGE.read_text(encoding="utf-8"):
        sys.exit("docs/security.md differs from the tests; python docs/development/security.py --write")


if __name__ == "__main__":
    main()

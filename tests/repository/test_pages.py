"""The pages of the documentation: all in the navigation, narrow lines, links that lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from wergate.config.loading import load_config

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
WIDEST = 100
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
FENCED = re.compile(r"^ *```.*?^ *```$", flags=re.MULTILINE | re.DOTALL)


class Loader(yaml.SafeLoader):
    """MkDocs' configuration, without the names of Python's that it may hold."""


Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda _, suffix, __: suffix)
SITE: dict[str, Any] = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader)  # noqa: S506 - a safe one


def navigated(entries: Any) -> list[str]:
    """Return the pages of a navigation, in order."""
    if isinstance(entries, str):
        return [entries]
    parts = entries.values() if isinstance(entries, dict) else entries
    return [page for part in parts for page in navigated(part)]


def test_every_page_is_in_the_navigation() -> None:
    """Once; and every entry is a page."""
    assert sorted(navigated(SITE["nav"])) == [str(page.relative_to(DOCS)) for page in PAGES]


def test_the_build_is_strict_about_links_and_pages() -> None:
    """tox builds strictly, so a warning fails the build."""
    rules = [value for part in SITE["validation"].values() for value in part.values()]
    assert {"warn"} == set(rules)
    assert "omitted_files" in SITE["validation"]["nav"]
    assert "mkdocs build --strict" in (ROOT / "tox.ini").read_text(encoding="utf-8")


def test_nothing_is_loaded_from_elsewhere() -> None:
    """A site that is built without a network is read without one."""
    assert SITE["theme"]["font"] is False
    assert not SITE.get("extra_javascript")
    assert all(not sheet.startswith("http") for sheet in SITE["extra_css"])


def prose(text: str) -> list[str]:
    """Return the lines that are neither code nor tables."""
    lines = FENCED.sub("", text).splitlines()
    return [line for line in lines if not line.lstrip("> ").startswith("|")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_no_line_of_prose_is_wide(page: Path) -> None:
    """Tables and code may be."""
    assert [] == [line for line in prose(page.read_text(encoding="utf-8")) if len(line) > WIDEST]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    """On the site as in the repository."""
    targets = LINK.findall(FENCED.sub("", page.read_text(encoding="utf-8")))
    relative = [target for target in targets if "://" not in target]
    assert [] == [target for target in relative if not (page.parent / target).exists()]


def test_every_page_that_the_code_names_exists() -> None:
    """In messages, comments and texts outside of docs."""
    named: set[str] = set()
    for folder in ("src", "fixtures", "accuracy", "benchmarks", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            named |= set(re.findall(r"\bdocs/[\w/-]+\.md\b", path.read_text(encoding="utf-8")))
    for name in ("README.md", "CHANGELOG.md", "suite.toml", "tox.ini"):
        named |= set(re.findall(r"\bdocs/[\w/-]+\.md\b", (ROOT / name).read_text(encoding="utf-8")))
    assert set() == {name for name in named if not (ROOT / name).exists()}
    assert named


def test_the_example_of_a_suite_file_loads(tmp_path: Path) -> None:
    """As it stands, with the built-in file below it; it says of its models what the text says."""
    (example,) = re.findall(r"```toml\n(.*?)```", (DOCS / "guides" / "suite-files.md").read_text("utf-8"), re.DOTALL)
    (tmp_path / "mine.toml").write_text(example, encoding="utf-8")
    config = load_config(tmp_path / "mine.toml", {}, base=ROOT / "suite.toml")
    calls, phones = (config.settings_of(name) for name in config.models)
    assert [["calls"], ["spoken-phones"]] == [calls.corpora, phones.corpora]
    assert (0.005, "english") == (calls.thresholds.int8.wer_drop_max, calls.normalizer)
    assert config.thresholds.fp16 == calls.thresholds.fp16
    assert config.thresholds == phones.thresholds


FINDINGS = sorted((DOCS / "findings").glob("*.py"))


@pytest.mark.parametrize("script", FINDINGS, ids=lambda path: path.stem)
def test_a_reproduction_is_on_a_page_as_it_is(script: Path) -> None:
    """A page shows the script that was run, and the script does not import wergate."""
    text = script.read_text(encoding="utf-8")
    block = f'```python title="{script.name}"\n{text}```'
    assert 1 == sum(block in page.read_text(encoding="utf-8") for page in (DOCS / "findings").glob("*.md"))
    assert "wergate" not in text

"""The README is short, its two tox commands are what CI runs, and its other commands run on a tiny model."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.support.suite_run import Warm, run
from tests.support.tiny import Tiny
from wergate.report.exit_code import MEANING
from wergate.studies.registry import STUDIES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
MARK = "tox run -e"
SHELL = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
PYTEST = [line for block in SHELL for line in block.splitlines() if line.startswith("pytest ")]
INLINE = re.findall(r"`(pytest [^`]+)`", README)


def commands(text: str) -> list[str]:
    """Return the lines that call tox, without comments."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if MARK in line and not line.startswith("#")]


def test_ci_runs_the_commands_of_the_readme() -> None:
    """CI runs the same lines in the same order, then its own: installation, legacy toolchain, browser, faults."""
    further = [f".venv/bin/{MARK} {name}" for name in ("install", "pot", "browser", "faults")]
    expected = [*commands("\n".join(SHELL[:2])), *further]
    assert expected == commands(CI)


def test_the_two_commands_are_the_gate_and_the_tests() -> None:
    """The first command builds and gates, the second runs the suite's own tests."""
    environments = [re.findall(rf"{MARK} (\S+)", line) for line in commands("\n".join(SHELL[:2]))]
    assert [["gate"], ["tests"]] == environments


def test_the_readme_is_short() -> None:
    """At most 130 lines and 900 words, and no line of prose above 120 characters."""
    lines = README.splitlines()
    assert len(lines) <= 130
    assert len(README.split()) <= 900
    assert [] == [line for line in lines if len(line) > 120 and not line.startswith(("|", "[!", "```"))]


@pytest.mark.parametrize("line", PYTEST)
def test_a_command_passes_on_a_tiny_model(
    line: str, warm: Warm, tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The placeholders stand for a tiny checkpoint, which holds the thresholds of a tiny suite file.

    A tiny model cannot hold what benchmarks demand of the audio's decoding, nor at 15 s.
    """
    monkeypatch.chdir(tmp_path)
    suite = tiny.suite(
        tmp_path / "tiny.toml",
        benchmarks__durations_s="[0.5]",
        benchmarks__paired__durations_s="[0.5]",
        benchmarks__sqnr_db_min__int8="-20.0",
    )
    places = {
        "path/to/checkpoint": str(tiny.model),
        "path/to/recordings": str(tiny.corpus),
        "exported": str(tmp_path / "exported"),
    }
    words = [places.get(word, word) for word in shlex.split(line)[1:]]
    more = ["--suite", str(suite), "--cache-dir", str(warm.cache)]
    if "benchmarks/" in words:
        more += ["--benchmark-disable", "-k", "test_latency or test_speedup"]
    done = run(words, *more, "--calibration", str(tiny.calibration), results=tmp_path / "results.json")
    assert done.code == 0, done.output
    if "--export" in words:
        assert any((tmp_path / "exported").iterdir()), done.output


@pytest.mark.parametrize("line", INLINE)
def test_a_command_within_the_text_is_accepted(line: str) -> None:
    """It selects tests, or prints its list."""
    done = run(shlex.split(line)[1:], "--collect-only", "-q")
    assert done.code == 0, done.output


def test_the_table_of_exit_codes_holds() -> None:
    """Its codes have meanings in the code."""
    codes = [int(code) for code in re.findall(r"^\| (\d+) \|", README, flags=re.MULTILINE)]
    assert {0, 1, 10, 11, 12, 13} == set(codes) & set(MEANING)


def test_the_table_of_studies_holds() -> None:
    """Each study in it exists and takes about as many minutes as the registry says."""
    rows = re.findall(r"^\| `([\w-]+)` \| [^|]+\? \| (\d+) \|", README, flags=re.MULTILINE)
    minutes = {study.name: study.minutes for study in STUDIES}
    assert rows
    assert dict(rows) == {name: str(minutes[name]) for name, _ in rows}


def test_what_the_readme_links_to_exists() -> None:
    """Every relative link leads to a file."""
    linked = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert [] == [link for link in linked if not (ROOT / link.partition("#")[0]).exists()]
    assert linked

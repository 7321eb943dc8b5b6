"""The README's two commands are what CI runs."""

from __future__ import annotations

import re
from pathlib import Path

from fixtures.option_table import OPTIONS
from wergate.config.loading import load_config

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
MARK = "tox run -e"


def commands(text: str) -> list[str]:
    """Return the lines that call tox, comments left out."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if MARK in line and not line.startswith("#")]


def first_two_blocks() -> str:
    """Return the text of the README's first two shell blocks."""
    return "\n".join(re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)[:2])


def test_ci_runs_the_commands_of_the_readme() -> None:
    """The same lines, in the same order, and then the legacy toolchain, which a first look can do without."""
    expected = [*commands(first_two_blocks()), f".venv/bin/{MARK} pot"]
    assert expected == commands(CI)


def test_the_two_commands_are_the_gate_and_the_tests() -> None:
    """The first builds and gates, the second runs the suite's own tests."""
    environments = [re.findall(rf"{MARK} (\S+)", line) for line in commands(first_two_blocks())]
    assert [["gate"], ["tests"]] == environments


def test_every_option_is_documented() -> None:
    """The README's table names each option that the command line has."""
    assert set() == {option.flag for option in OPTIONS if f"`{option.flag}" not in README}
    assert OPTIONS


def test_the_suite_file_is_complete(tmp_path: Path) -> None:
    """As it stands it is one that `--suite` takes, and it says of its models what the text says."""
    (example,) = re.findall(r"```toml\n(.*?)```", README, flags=re.DOTALL)
    (tmp_path / "mine.toml").write_text(example, encoding="utf-8")
    config = load_config(tmp_path / "mine.toml", {}, base=ROOT / "suite.toml")
    committed = load_config(ROOT / "suite.toml", {})
    assert [(name, config.settings_of(name).corpora) for name in config.models] == [
        ("support-calls", ["calls"]),
        ("phones", ["spoken-phones"]),
    ]
    calls, phones = (config.settings_of(name) for name in config.models)
    assert committed.thresholds == phones.thresholds
    assert committed.thresholds.fp16 == calls.thresholds.fp16
    assert 0.005 == calls.thresholds.int8.wer_drop_max < committed.thresholds.int8.wer_drop_max


def test_what_the_readme_names_exists() -> None:
    """Every path of the README that looks like one is in the tree, but for baselines that are not stored yet."""
    named = set(re.findall(r"`((?:accuracy|benchmarks|fixtures|src|tests|docs|\.ci)/[\w./-]*)`", README))
    assert set() == {path for path in named if not ((ROOT / path).exists() or "/baselines/" in path)}
    assert named

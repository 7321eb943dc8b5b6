"""Inheritance: the missing keys of a user's suite file come from suite.toml, table by table."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.shipped import SUITE
from wergate.config.loading import load_config
from wergate.config.suite import SuiteConfig
from wergate.errors import SuiteError

SHIPPED = tomllib.loads(SUITE.read_text(encoding="utf-8"))
WHOLE = {"thresholds", "model", "corpus"}  # tables that are replaced as a whole
OWN_THRESHOLDS = "wer_drop_max = 0.1\nmismatch_rate_max = 1.0\nlength_delta_max = 9.0\nsize_ratio_max = 1.0\n"


def based(folder: Path, text: str) -> SuiteConfig:
    """Return the configuration of a user's file with the given text."""
    path = folder / "mine.toml"
    path.write_text(text)
    return load_config(path, {}, base=SUITE)


def leaves(table: Mapping[str, Any], *above: str) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key with a value."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, *above, key)
        else:
            yield (*above, key)


def stated(path: tuple[str, ...]) -> str:
    """Return a line of TOML that sets a key to its value in suite.toml."""
    value: Any = SHIPPED
    for key in path:
        value = value[key]
    return f"{'.'.join(json.dumps(key) for key in path)} = {json.dumps(value)}\n"


def test_missing_keys_are_inherited(tmp_path: Path) -> None:
    """A file lists only what differs: its keys win, and its models are added to those of the base."""
    path = tmp_path / "mine.toml"
    path.write_text('models = ["mine"]\n[model.mine]\nspec = "x/y"\n[quantization]\npreset = "mixed"\n')
    config, committed = load_config(path, {}, base=SUITE), load_config(SUITE, {})
    assert (["mine"], committed.corpora, committed.thresholds) == (config.models, config.corpora, config.thresholds)
    assert ("mixed", 300, "mixed") == (
        config.quantization.preset,
        config.quantization.subset_size,
        config.settings_of("tutorial-nncf").quantization.preset,
    )
    assert config.model.keys() >= {"mine", "tutorial", "tutorial-nncf"}


def test_thresholds_are_not_completed(tmp_path: Path) -> None:
    """Absent thresholds are not gated, so the thresholds of a file replace those of the base as a whole."""
    path = tmp_path / "mine.toml"
    path.write_text("[thresholds.int8]\nwer_drop_max = 0.1\n")
    with pytest.raises(SuiteError, match=r"mine\.toml: key 'thresholds\.fp16' is missing; add it"):
        load_config(path, {}, base=SUITE)


@pytest.mark.parametrize("path", [path for path in leaves(SHIPPED) if path[0] not in WHOLE], ids=".".join)
def test_a_file_with_one_key_inherits_the_rest(path: tuple[str, ...], tmp_path: Path) -> None:
    """A file that sets any one key to its value in suite.toml changes nothing."""
    assert load_config(SUITE, {}) == based(tmp_path, stated(path))


def test_one_key_of_a_table_replaces_only_that_key(tmp_path: Path) -> None:
    """All other keys of its table, and of the tables above and below, are inherited; lists are replaced."""
    found = based(tmp_path, "[buckets]\nmost = 3\n[benchmarks.memory]\nbudget_s = 5.0\nskip_models = []\n")
    shipped = load_config(SUITE, {})
    memory = shipped.benchmarks.memory.model_copy(update={"budget_s": 5.0, "skip_models": []})
    expected = {
        "buckets": shipped.buckets.model_copy(update={"most": 3}),
        "benchmarks": shipped.benchmarks.model_copy(update={"memory": memory}),
    }
    assert shipped.model_copy(update=expected) == found


def test_shared_settings_apply_to_every_model(tmp_path: Path) -> None:
    """A shared key of the user's file applies to each model, unless the base has a table for that model."""
    found = based(tmp_path, "[quantization]\nsubset_size = 50\n")
    sizes = [found.settings_of(name).quantization.subset_size for name in ("embedded", "unnamed", "tutorial")]
    assert [50, 50, 100] == sizes
    assert "performance" == found.settings_of("unnamed").quantization.preset


def test_own_thresholds_gate_only_listed_keys(tmp_path: Path) -> None:
    """A threshold that only the base has is not gated, except for the bounds of the length."""
    found = based(tmp_path, f"[thresholds.fp16]\n{OWN_THRESHOLDS}[thresholds.int8]\n{OWN_THRESHOLDS}").thresholds
    named = tomllib.loads(OWN_THRESHOLDS) | {"length_ratio_min": 0.9, "length_ratio_max": 1.1}
    assert [named, named] == [gates.model_dump(exclude_unset=True) for gates in (found.fp16, found.int8)]
    assert (None, None, 0.0, 0.0) == (
        found.reference_wer_max,
        found.int8.sqnr_db_min,
        found.int8.int8_work_min,
        found.int8.near_tie_margin,
    )


def test_own_bounds_of_the_length_win(tmp_path: Path) -> None:
    """Each of the two bounds is inherited separately."""
    text = f"[thresholds.fp16]\n{OWN_THRESHOLDS}[thresholds.int8]\n{OWN_THRESHOLDS}length_ratio_min = 0.5\n"
    int8 = based(tmp_path, text).thresholds.int8
    assert (0.5, 1.1) == (int8.length_ratio_min, int8.length_ratio_max)


@pytest.mark.parametrize("key", tomllib.loads(OWN_THRESHOLDS))
def test_a_required_threshold_is_not_inherited(key: str, tmp_path: Path) -> None:
    """Own thresholds that lack a required key are refused."""
    others = "".join(line for line in OWN_THRESHOLDS.splitlines(keepends=True) if not line.startswith(key))
    with pytest.raises(SuiteError, match=rf"mine\.toml: key 'thresholds\.int8\.{key}' is missing; add it"):
        based(tmp_path, f"[thresholds.fp16]\n{OWN_THRESHOLDS}[thresholds.int8]\n{others}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("thresholds = 1", "thresholds = 1 is not accepted"),
        ("[thresholds]\nfp16 = 1", "thresholds.fp16 = 1 is not accepted"),
        ("quantization = 1", "quantization = 1 is not accepted"),
        ("[device]\nname = 1", "device = {'name': 1} is not accepted"),
        ("[thresholds.reference_wer_max]\nint8 = 1", "key 'thresholds.fp16' is missing"),
    ],
)
def test_a_value_of_another_shape_is_refused(text: str, message: str, tmp_path: Path) -> None:
    """A number in place of a table, or a table in place of a number, is not merged with the base."""
    with pytest.raises(SuiteError) as caught:
        based(tmp_path, text + "\n")
    assert message in str(caught.value)


def test_the_table_of_a_model_replaces_that_of_the_base(tmp_path: Path) -> None:
    """Its missing keys come from the top of the file, and not from the base's table of that model."""
    assert 0.02 == load_config(SUITE, {}).settings_of("embedded").thresholds.int8.wer_drop_max
    embedded = based(tmp_path, '[model.embedded]\nnormalizer = "basic"\n').settings_of("embedded")
    assert ("basic", 0.01) == (embedded.normalizer, embedded.thresholds.int8.wer_drop_max)

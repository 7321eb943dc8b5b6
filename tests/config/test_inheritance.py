"""A user's suite file over the suite's own: what it has not is as in suite.toml, table by table."""

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
WHOLE = {"thresholds", "model", "corpus"}  # tables that are one's own or the base's
OWN_THRESHOLDS = "wer_drop_max = 0.1\nmismatch_rate_max = 1.0\nlength_delta_max = 9.0\nsize_ratio_max = 1.0\n"


def based(folder: Path, text: str) -> SuiteConfig:
    """Return the configuration of a user's file of that text."""
    path = folder / "mine.toml"
    path.write_text(text)
    return load_config(path, {}, base=SUITE)


def leaves(table: Mapping[str, Any], *above: str) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key that has a value."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, *above, key)
        else:
            yield (*above, key)


def stated(path: tuple[str, ...]) -> str:
    """Return the line of TOML that gives one key the value that it has in suite.toml."""
    value: Any = SHIPPED
    for key in path:
        value = value[key]
    return f"{'.'.join(json.dumps(key) for key in path)} = {json.dumps(value)}\n"


def test_what_a_file_has_not_is_as_in_the_base(tmp_path: Path) -> None:
    """A file need only say what differs: its keys win, models and corpora stand side by side."""
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


def test_half_of_the_thresholds_is_not_filled_up(tmp_path: Path) -> None:
    """An absent threshold gates nothing, so thresholds are one's own or the base's."""
    path = tmp_path / "mine.toml"
    path.write_text("[thresholds.int8]\nwer_drop_max = 0.1\n")
    with pytest.raises(SuiteError, match=r"mine\.toml: key 'thresholds\.fp16' is missing; add it"):
        load_config(path, {}, base=SUITE)


@pytest.mark.parametrize("path", [path for path in leaves(SHIPPED) if path[0] not in WHOLE], ids=".".join)
def test_a_file_with_one_key_inherits_the_rest(path: tuple[str, ...], tmp_path: Path) -> None:
    """Whichever key it is: said as suite.toml says it, nothing changes."""
    assert load_config(SUITE, {}) == based(tmp_path, stated(path))


def test_one_key_of_a_table_wins_over_that_key_alone(tmp_path: Path) -> None:
    """Beside it, above it and below it everything is the base's; lists are replaced."""
    found = based(tmp_path, "[buckets]\nmost = 3\n[benchmarks.memory]\nbudget_s = 5.0\nskip_models = []\n")
    shipped = load_config(SUITE, {})
    memory = shipped.benchmarks.memory.model_copy(update={"budget_s": 5.0, "skip_models": []})
    expected = {
        "buckets": shipped.buckets.model_copy(update={"most": 3}),
        "benchmarks": shipped.benchmarks.model_copy(update={"memory": memory}),
    }
    assert shipped.model_copy(update=expected) == found


def test_what_holds_for_every_model_is_inherited_by_each(tmp_path: Path) -> None:
    """A key of the user's file is each model's, but where a table of the base says otherwise of that model."""
    found = based(tmp_path, "[quantization]\nsubset_size = 50\n")
    sizes = [found.settings_of(name).quantization.subset_size for name in ("embedded", "unnamed", "tutorial")]
    assert [50, 50, 100] == sizes
    assert "performance" == found.settings_of("unnamed").quantization.preset


def test_own_thresholds_gate_what_they_name(tmp_path: Path) -> None:
    """An absent one gates nothing, whatever the base has; only the bounds of the length are the base's."""
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
    """They are inherited one by one."""
    text = f"[thresholds.fp16]\n{OWN_THRESHOLDS}[thresholds.int8]\n{OWN_THRESHOLDS}length_ratio_min = 0.5\n"
    int8 = based(tmp_path, text).thresholds.int8
    assert (0.5, 1.1) == (int8.length_ratio_min, int8.length_ratio_max)


@pytest.mark.parametrize("key", tomllib.loads(OWN_THRESHOLDS))
def test_a_threshold_that_a_run_needs_is_not_filled_up(key: str, tmp_path: Path) -> None:
    """Without it one's own thresholds are refused."""
    kept = "".join(line for line in OWN_THRESHOLDS.splitlines(keepends=True) if not line.startswith(key))
    with pytest.raises(SuiteError, match=rf"mine\.toml: key 'thresholds\.int8\.{key}' is missing; add it"):
        based(tmp_path, f"[thresholds.fp16]\n{OWN_THRESHOLDS}[thresholds.int8]\n{kept}")


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
def test_a_table_of_another_shape_than_the_bases_is_told(text: str, message: str, tmp_path: Path) -> None:
    """A number for a table, a table for a number: neither is laid over the base's."""
    with pytest.raises(SuiteError) as caught:
        based(tmp_path, text + "\n")
    assert message in str(caught.value)


def test_a_models_own_table_is_taken_whole(tmp_path: Path) -> None:
    """What it has not holds from the top, whatever the base's table of that model has."""
    assert 0.02 == load_config(SUITE, {}).settings_of("embedded").thresholds.int8.wer_drop_max
    embedded = based(tmp_path, '[model.embedded]\nnormalizer = "basic"\n').settings_of("embedded")
    assert ("basic", 0.01) == (embedded.normalizer, embedded.thresholds.int8.wer_drop_max)

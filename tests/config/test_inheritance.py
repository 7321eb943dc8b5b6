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
NAMED = {"model", "corpus"}  # tables of names


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


def test_one_threshold_replaces_only_that_one(tmp_path: Path) -> None:
    """All other thresholds are those of suite.toml; the table of a model still wins."""
    found = based(tmp_path, "[thresholds.int8]\nwer_drop_max = 0.05\n")
    shipped = load_config(SUITE, {}).thresholds
    int8 = shipped.int8.model_copy(update={"wer_drop_max": 0.05})
    assert shipped.model_copy(update={"int8": int8}) == found.thresholds == found.settings_of("mine").thresholds
    assert 0.02 == found.settings_of("embedded").thresholds.int8.wer_drop_max


def test_a_threshold_can_be_turned_off(tmp_path: Path) -> None:
    """`false` stands for no threshold, at the top and in the table of a model."""
    text = "[thresholds]\nreference_wer_max = false\n[thresholds.fp16]\nsqnr_db_min = false\n"
    found = based(tmp_path, f"{text}[model.mine.thresholds.int8]\ncer_rise_max = false\n")
    assert (None, None, 20.0) == (
        found.thresholds.reference_wer_max,
        found.thresholds.fp16.sqnr_db_min,
        found.thresholds.int8.sqnr_db_min,
    )
    assert (None, 0.005) == (
        found.settings_of("mine").thresholds.int8.cer_rise_max,
        found.settings_of("other").thresholds.int8.cer_rise_max,
    )


@pytest.mark.parametrize("key", ["wer_drop_max", "mismatch_rate_max", "length_delta_max", "size_ratio_max"])
def test_a_gate_that_needs_its_threshold_cannot_be_turned_off(key: str, tmp_path: Path) -> None:
    """`false` is refused there."""
    with pytest.raises(SuiteError, match=rf"mine\.toml: thresholds\.int8\.{key} = False is not a number"):
        based(tmp_path, f"[thresholds.int8]\n{key} = false\n")


@pytest.mark.parametrize("path", [path for path in leaves(SHIPPED) if path[0] not in NAMED], ids=".".join)
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("thresholds = 1", "thresholds = 1 is not accepted"),
        ("[thresholds]\nfp16 = 1", "thresholds.fp16 = 1 is not accepted"),
        ("quantization = 1", "quantization = 1 is not accepted"),
        ("[device]\nname = 1", "device = {'name': 1} is not accepted"),
        ("[thresholds.reference_wer_max]\nint8 = 1", "thresholds.reference_wer_max = {'int8': 1} is not a number"),
    ],
)
def test_a_value_of_another_shape_is_refused(text: str, message: str, tmp_path: Path) -> None:
    """A number in place of a table, or a table in place of a number, is not merged with the base."""
    with pytest.raises(SuiteError) as caught:
        based(tmp_path, text + "\n")
    assert message in str(caught.value)


def test_the_table_of_a_model_is_merged_with_that_of_the_base(tmp_path: Path) -> None:
    """One key changes one key; with a spec, the name stands for another model, and nothing is inherited."""
    assert 0.02 == load_config(SUITE, {}).settings_of("embedded").thresholds.int8.wer_drop_max
    embedded = based(tmp_path, '[model.embedded]\nnormalizer = "basic"\n').settings_of("embedded")
    assert ("basic", 0.02) == (embedded.normalizer, embedded.thresholds.int8.wer_drop_max)
    other = based(tmp_path, '[model.embedded]\nspec = "mine"\nnormalizer = "basic"\n').settings_of("embedded")
    assert ("basic", 0.01) == (other.normalizer, other.thresholds.int8.wer_drop_max)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[model.embeded.thresholds.int8]\nwer_drop_max = 0.005\n", "did you mean 'embedded'?"),
        ('[corpus."embedded:othr"]\nlimit = 5\n', "did you mean 'embedded:other'?"),
    ],
)
def test_a_misspelled_model_or_corpus_is_refused(tmp_path: Path, text: str, hint: str) -> None:
    """A threshold under a name that no model has would gate nothing."""
    with pytest.raises(SuiteError, match=r"changes no (model|corpus) of this run") as error:
        based(tmp_path, text)
    assert hint in str(error.value)


def test_tables_of_other_runs_stay(tmp_path: Path) -> None:
    """A name that the file lists, one with a spec, one of the base, or one that is like none of this run."""
    based(
        tmp_path,
        '[model.embedded2]\nspec = "x"\n[model.tutorial]\nnormalizer = "basic"\n[model.phones]\nnormalizer = "basic"\n',
    )

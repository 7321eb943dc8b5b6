"""Merging of suite.toml and the command line into one configuration, and the one-line errors for mistakes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pydantic
import pytest

from tests.support.shipped import SUITE
from tests.support.tiny import Tiny
from wergate.config.loading import load_config
from wergate.errors import SuiteError, did_you_mean


def test_the_committed_suite_file_is_accepted() -> None:
    """The suite.toml of the repository is valid and has thresholds for both precisions."""
    config = load_config(SUITE, {})
    assert ["embedded"] == config.models
    assert config.thresholds.of("fp16") == config.thresholds.fp16
    assert config.thresholds.of("int8") == config.thresholds.int8
    assert config.thresholds.fp16.wer_drop_max == 0.0


def test_the_command_line_wins() -> None:
    """A given value replaces that of the file; None counts as not given."""
    config = load_config(SUITE, {"models": ["some/model"], "limit": 3, "device": None})
    assert (["some/model"], 3, "CPU") == (config.models, config.limit, config.device)


def test_a_configuration_is_frozen() -> None:
    """A configuration cannot change during a run."""
    config = load_config(SUITE, {})
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        config.device = "GPU"


def test_the_table_of_a_model_overrides_shared_settings() -> None:
    """A model with a table has its own value of a key, and shares all others."""
    config = load_config(SUITE, {})
    random, embedded = (config.settings_of(name) for name in ("random:data2vec-audio-base", "embedded"))
    assert (30, 300) == (random.quantization.subset_size, embedded.quantization.subset_size)
    assert random.thresholds == config.thresholds
    assert (config.thresholds.fp16, 0.02) == (embedded.thresholds.fp16, embedded.thresholds.int8.wer_drop_max)


@dataclass(frozen=True)
class Mistake:
    """One change to a valid suite file, and the expected error."""

    id: str
    key: str
    value: str
    message: str


MISTAKES = (
    Mistake("text for a threshold", "thresholds.int8.wer_drop_max", '"one"', "wer_drop_max = 'one' is not a number"),
    Mistake("a flag for a threshold", "thresholds.int8.wer_drop_max", "true", "wer_drop_max = True is not a number"),
    Mistake("NaN for a threshold", "thresholds.int8.wer_drop_max", "nan", "wer_drop_max = nan is not accepted"),
    Mistake(
        "infinite threshold", "thresholds.fp16.max_abs_delta_max", "inf", "max_abs_delta_max = inf is not accepted"
    ),
    Mistake("unknown gate", "thresholds.int8.wer_drop_maxx", "1.0", "did you mean 'wer_drop_max'?"),
    Mistake("unknown section", "quantisation.preset", '"mixed"', "did you mean 'quantization'?"),
    Mistake("unknown key at the top", "modells", "[]", "did you mean 'models'?"),
    Mistake("unknown preset", "quantization.preset", '"fast"', "quantization.preset = 'fast' is not accepted"),
    Mistake("unknown precision", "precisions", '["int9"]', "'int9' is not accepted"),
    Mistake("subset of none", "quantization.subset_size", "0", "quantization.subset_size = 0 is not accepted"),
    Mistake("subset too large", "quantization.subset_size", "301", "quantization.subset_size = 301 is not accepted"),
    Mistake("limit of none", "limit", "0", "limit = 0 is not accepted"),
    Mistake("a word for a list", "models", '"embedded"', "models = 'embedded' is not accepted"),
    Mistake("a table for a list", "models.embedded", "1", "models = {'embedded': 1} is not accepted"),
    Mistake("no model", "models", "[]", "models = [] is not accepted"),
    Mistake("no corpus", "corpora", "[]", "corpora = [] is not accepted"),
    Mistake("no precision", "precisions", "[]", "precisions = [] leaves nothing to gate"),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.id)
def test_mistakes_are_reported_in_one_line(mistake: Mistake, tiny: Tiny, tmp_path: Path) -> None:
    """The error names the file, the key, its value and the accepted values in one line."""
    with pytest.raises(SuiteError) as caught:
        load_config(_mistaken(tiny, tmp_path / "mine.toml", mistake), {})
    assert mistake.message in str(caught.value)
    assert str(caught.value).startswith("mine.toml: ")
    assert "\n" not in str(caught.value)


def _mistaken(tiny: Tiny, path: Path, mistake: Mistake) -> Path:
    whole = '"' + mistake.key.replace(".", '"."') + '" ='
    table = '"' + mistake.key.partition(".")[0] + '" ='
    text = tiny.suite(path).read_text()
    others = [line for line in text.splitlines() if not line.startswith((whole, table))]
    path.write_text("\n".join([*others, f"{mistake.key} = {mistake.value}"]) + "\n")
    return path


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    """The error for an empty file names its first key."""
    path = tmp_path / "mine.toml"
    path.write_text("")
    with pytest.raises(SuiteError, match=r"mine\.toml: key 'models' is missing; add it"):
        load_config(path, {})


def test_invalid_toml_is_refused(tmp_path: Path) -> None:
    """The error names the line."""
    path = tmp_path / "mine.toml"
    path.write_text("device = 'CPU'\nmodels = embedded\n")
    with pytest.raises(SuiteError, match=r"mine\.toml' is not valid TOML: .*line 2.*correct"):
        load_config(path, {})


@pytest.mark.parametrize("name", ["absent.toml", "."], ids=["absent", "a folder"])
def test_an_unreadable_file_is_refused(name: str, tmp_path: Path) -> None:
    """The error names the path, the reason and the option."""
    with pytest.raises(SuiteError, match=r"cannot be read: .*--suite FILE"):
        load_config(tmp_path / name, {})


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    """A file that is not text gives the same one-line error."""
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe\x00m")
    with pytest.raises(SuiteError, match=r"mine\.toml' is not valid TOML"):
        load_config(path, {})


@pytest.mark.parametrize(
    ("value", "hint"),
    [("cleen", " (did you mean 'clean'?)"), ("zzz", "")],
    ids=["near", "nothing near"],
)
def test_did_you_mean(value: str, hint: str) -> None:
    """A similar name is suggested, a dissimilar one is not."""
    assert hint == did_you_mean(value, ["clean", "other"])


def test_errors_are_one_line() -> None:
    """Line breaks in a library's message are removed."""
    assert "first second" == str(SuiteError("first\n   second\n"))

"""suite.toml and the command line become one configuration, or one clear error."""

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
    """What ships is what the configuration knows, both precisions held to thresholds."""
    config = load_config(SUITE, {})
    assert ["embedded"] == config.models
    assert config.thresholds.of("fp16") == config.thresholds.fp16
    assert config.thresholds.of("int8") == config.thresholds.int8
    assert config.thresholds.fp16.wer_drop_max == 0.0


def test_the_command_line_wins() -> None:
    """A value that is given replaces the file's; None is not given."""
    config = load_config(SUITE, {"models": ["some/model"], "limit": 3, "device": None})
    assert (["some/model"], 3, "CPU") == (config.models, config.limit, config.device)


def test_a_configuration_is_frozen() -> None:
    """Nobody changes it mid-run."""
    config = load_config(SUITE, {})
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        config.device = "GPU"


def test_a_models_own_table_is_laid_over_the_rest() -> None:
    """A model that has a table is calibrated on its own number of utterances, and shares everything else."""
    config = load_config(SUITE, {})
    random, embedded = (config.settings_of(name) for name in ("random:data2vec-audio-base", "embedded"))
    assert (30, 300) == (random.quantization.subset_size, embedded.quantization.subset_size)
    assert random.thresholds == config.thresholds
    assert (config.thresholds.fp16, 0.02) == (embedded.thresholds.fp16, embedded.thresholds.int8.wer_drop_max)


@dataclass(frozen=True)
class Mistake:
    """One change to a good suite file, and what is said of it."""

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
def test_mistakes_are_told_in_one_line(mistake: Mistake, tiny: Tiny, tmp_path: Path) -> None:
    """The key, its value, what is accepted: all on one line that names the file."""
    with pytest.raises(SuiteError) as caught:
        load_config(_mistaken(tiny, tmp_path / "mine.toml", mistake), {})
    assert mistake.message in str(caught.value)
    assert str(caught.value).startswith("mine.toml: ")
    assert "\n" not in str(caught.value)


def _mistaken(tiny: Tiny, path: Path, mistake: Mistake) -> Path:
    whole = '"' + mistake.key.replace(".", '"."') + '" ='
    table = '"' + mistake.key.partition(".")[0] + '" ='
    text = tiny.suite(path).read_text()
    kept = [line for line in text.splitlines() if not line.startswith((whole, table))]
    path.write_text("\n".join([*kept, f"{mistake.key} = {mistake.value}"]) + "\n")
    return path


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    """An empty file lacks its first key."""
    path = tmp_path / "mine.toml"
    path.write_text("")
    with pytest.raises(SuiteError, match=r"mine\.toml: key 'models' is missing; add it"):
        load_config(path, {})


def test_a_file_that_is_no_toml(tmp_path: Path) -> None:
    """The line is named."""
    path = tmp_path / "mine.toml"
    path.write_text("device = 'CPU'\nmodels = embedded\n")
    with pytest.raises(SuiteError, match=r"mine\.toml' is not TOML: .*line 2.*correct"):
        load_config(path, {})


@pytest.mark.parametrize("name", ["absent.toml", "."], ids=["absent", "a folder"])
def test_a_file_that_cannot_be_read(name: str, tmp_path: Path) -> None:
    """The path, the reason and the option are named."""
    with pytest.raises(SuiteError, match=r"cannot be read: .*--suite FILE"):
        load_config(tmp_path / name, {})


def test_a_file_of_other_bytes(tmp_path: Path) -> None:
    """A file that is no text is told, not traced."""
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe\x00m")
    with pytest.raises(SuiteError, match=r"mine\.toml' is not TOML"):
        load_config(path, {})


@pytest.mark.parametrize(
    ("value", "hint"),
    [("cleen", " (did you mean 'clean'?)"), ("zzz", "")],
    ids=["near", "nothing near"],
)
def test_did_you_mean(value: str, hint: str) -> None:
    """A near name is offered, a far one is not."""
    assert hint == did_you_mean(value, ["clean", "other"])


def test_errors_are_one_line() -> None:
    """Whatever a library wrote is folded into one line."""
    assert "first second" == str(SuiteError("first\n   second\n"))

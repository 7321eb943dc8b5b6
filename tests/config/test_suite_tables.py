"""`[model.NAME]` and `[corpus.NAME]`: several models and corpora in one run, each with its own settings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.shipped import SUITE
from tests.support.suite_run import Run, Warm, run
from tests.support.tiny import Tiny, spoken, write_corpus
from wergate.config.loading import load_config
from wergate.config.suite import SuiteConfig
from wergate.errors import SuiteError
from wergate.session.matrix import cells, corpus_specs

EMBEDDED = SUITE.parent / "fixtures" / "embedded"


def with_tables(suite: Path, tables: str, folder: Path) -> Path:
    """Write a suite file with shared settings, followed by tables of models and corpora."""
    path = folder / "mine.toml"
    path.write_text(suite.read_text() + tables)
    return path


@pytest.fixture
def config(tiny: Tiny, warm: Warm, tmp_path: Path) -> SuiteConfig:
    """Two names for one model, one of which has its own settings."""
    return load_config(with_tables(warm.suite, two_models(tiny), tmp_path), {"models": ["plain", "special"]})


def two_models(tiny: Tiny) -> str:
    """Return the tables of one model under two names, each with its own corpora."""
    model, corpus = json.dumps(str(tiny.model)), json.dumps(str(tiny.corpus))
    return f"""
[model.plain]
spec = {model}
corpora = ["spoken"]

[model.special]
spec = {model}
corpora = ["spoken", "two"]
normalizer = "basic"
expected_wer = {{ reference = 0.5, int8 = 0.625 }}

[model.special.thresholds.int8]
wer_drop_max = 0.75
int8_work_min = 0.2

[model.special.quantization.ignored_scope]
types = ["Convolution"]

[corpus.spoken]
spec = {corpus}

[corpus.two]
spec = {corpus}
limit = 2
"""


def test_a_table_overrides_shared_settings(config: SuiteConfig) -> None:
    """A table overrides single keys, down to single thresholds; everything else is shared."""
    plain, special = config.settings_of("plain"), config.settings_of("special")
    assert ("upper", "basic") == (plain.normalizer, special.normalizer)
    assert (1.0, 0.75) == (plain.thresholds.int8.wer_drop_max, special.thresholds.int8.wer_drop_max)
    assert plain.thresholds.fp16 == special.thresholds.fp16
    assert ([], ["Convolution"]) == tuple(one.quantization.ignored_scope.types for one in (plain, special))
    assert plain.quantization.subset_size == special.quantization.subset_size == 3


def test_each_model_runs_on_its_own_corpora(config: SuiteConfig) -> None:
    """Cells have the names of the tables and are ordered by model."""
    found = [(cell.model, cell.corpus.name, cell.variant) for cell in cells(config, EMBEDDED)]
    assert [
        (model, corpus, variant)
        for model, corpora in (("plain", ["spoken"]), ("special", ["spoken", "two"]))
        for corpus in corpora
        for variant in ("fp16", "int8")
    ] == found


def test_the_command_line_wins_over_tables(tiny: Tiny, warm: Warm, tmp_path: Path) -> None:
    """A value on the command line applies to every model and corpus of the run."""
    path = with_tables(warm.suite, two_models(tiny), tmp_path)
    given = {"models": ["special"], "corpora": ["two"], "normalizer": "none", "limit": 1, "labels": "x.txt"}
    config = load_config(path, given)
    special = config.settings_of("special")
    assert (["two"], "none", "x.txt") == (special.corpora, special.normalizer, special.labels)
    assert [1] == [spec.limit for spec in corpus_specs(config, "two", EMBEDDED)]


def test_names_appear_in_test_ids(tiny: Tiny, warm: Warm, tmp_path: Path) -> None:
    """`--collect-only` shows the names of the tables, and `-k` selects by them."""
    suite = str(with_tables(warm.suite, two_models(tiny), tmp_path))
    both = ("--suite", suite, "--model", "plain", "--model", "special", "--collect-only", "-q")
    listed = run(["accuracy/test_wer.py"], *both)
    assert "test_wer_stays_within_tolerance[special-two-int8]" in listed.output
    selected = run(["accuracy/test_wer.py"], *both, "-k", "plain").output
    assert "[plain-spoken-int8]" in selected
    assert "[special" not in selected


@pytest.fixture(scope="module")
def special(tiny: Tiny, own_warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of some accuracy gates on both models and all their corpora."""
    folder = tmp_path_factory.mktemp("special")
    suite = str(with_tables(own_warm.suite, two_models(tiny), folder))
    options = ("--suite", suite, "--model", "plain", "--model", "special", "--cache-dir", str(own_warm.cache))
    tests = ["accuracy/test_wer.py", "accuracy/test_graph.py"]
    return run(tests, *options, "--details", results=folder / "results.json")


def test_several_models_run_at_once(special: Run) -> None:
    """Each model is evaluated on its own corpora, with its own normalizer, limit and ignored scope."""
    assert 0 == special.code, special.output
    assert special.results is not None
    rows = {(row["model"], row["corpus"], row["variant"]): row for row in special.results["evaluations"]}
    assert 6 == len(rows)
    assert (4, 2) == (rows["plain", "spoken", "int8"]["utterances"], rows["special", "two", "int8"]["utterances"])
    assert ("upper", "basic") == tuple(rows[name, "spoken", "int8"]["normalizer"] for name in ("plain", "special"))
    work = {row["model"]: row["value"] for row in special.gate("int8_work", "INT8")}
    assert work["special"] < work["plain"]


def test_expected_word_error_rates_are_shown(special: Run) -> None:
    """Published word error rates are printed with the measured ones."""
    assert "special on spoken: pytorch WER" in special.text
    assert "published 50.00 %" in special.text
    assert "published 62.50 %" in special.text
    assert "plain on spoken: pytorch WER" not in special.text


def test_models_and_corpora_are_recorded(special: Run, tiny: Tiny) -> None:
    """The results list the models, the corpora with their counts, and the calibration utterances by id."""
    assert special.results is not None
    models: dict[str, Any] = {row["model"]: row for row in special.results["models"]}
    assert {"plain", "special"} == models.keys()
    assert str(tiny.model) == models["plain"]["spec"]
    assert [("pytorch", None)] * 2 == [(row["engine"], row["revision"]) for row in models.values()]
    corpora = {(row["model"], row["corpus"]): row for row in special.results["corpora"]}
    assert (2, 4) == (corpora["special", "two"]["utterances"], corpora["special", "two"]["available"])
    assert [["u10", "u11", "u12"]] * 2 == [row["utterances"] for row in special.results["calibrations"]]
    assert "two: 2 of 4 utterances evaluated" in special.text


def gated(own_warm: Warm, folder: Path, corpus: Path, *options: str) -> Run:
    """Run the WER gate on a corpus."""
    plain = ("--suite", str(own_warm.suite), "--cache-dir", str(own_warm.cache), "--corpus", str(corpus))
    return run(["accuracy/test_wer.py"], *plain, *options, "--details", results=folder / "results.json")


def test_calibration_is_a_part_of_the_corpus_by_default(tiny: Tiny, own_warm: Warm, tmp_path: Path) -> None:
    """The calibration part is left out of the evaluation, and the output reports both."""
    suite = tmp_path / "auto.toml"
    lines = own_warm.suite.read_text().splitlines()
    suite.write_text("\n".join(line for line in lines if not line.startswith('"calibration"')) + "\n")
    corpus = write_corpus(tmp_path / "eight.parquet", spoken(range(20, 28)))
    done = gated(own_warm, tmp_path, corpus, "--suite", str(suite))
    assert 0 == done.code, done.output
    assert done.results is not None
    (calibration,) = done.results["calibrations"]
    assert (2, 6) == (len(calibration["utterances"]), done.results["evaluations"][0]["utterances"])
    assert "INT8 calibrated on 2 utterances of eight (calibration)" in done.text
    alone = gated(own_warm, tmp_path, write_corpus(tmp_path / "one.parquet", spoken([30])), "--suite", str(suite))
    assert 0 != alone.code
    assert "at least 2 are needed; name another corpus with --calibration" in alone.output
    named = gated(own_warm, tmp_path, corpus, "--suite", str(suite), "--calibration", str(tiny.calibration))
    assert named.results is not None
    assert 8 == named.results["evaluations"][0]["utterances"]


def test_skipped_utterances_and_unknown_characters_are_reported(own_warm: Warm, tmp_path: Path) -> None:
    """With --skip-bad the run reports how many utterances it skipped and why; without it, the first one aborts it.

    Characters in transcripts that the model cannot write are reported, since they cause errors in any case.
    """
    first, second, third = spoken(range(20, 23))
    bad = third.but(id="bad", audio=b"noise")
    utterances = [first.but(text="ÉTÉ 7"), second.but(text="TEN"), bad]
    corpus = write_corpus(tmp_path / "mixed.parquet", utterances)
    assert "audio of utterance 'bad' cannot be decoded" in gated(own_warm, tmp_path, corpus).output
    done = gated(own_warm, tmp_path, corpus, "--skip-bad")
    assert 0 == done.code, done.output
    assert done.results is not None
    (row,) = done.results["corpora"]
    assert (2, ["bad"]) == (row["utterances"], [skipped["id"] for skipped in row["skipped"]])
    assert f"mixed: 1 utterances skipped: {row['skipped'][0]['reason']}" in done.text
    assert {"É": 2, "7": 1} == done.results["evaluations"][0]["unknown"]["characters"]
    assert "mixed: 1 transcripts contain characters" in done.text
    assert "'É' 2 times, '7' 1 times" in done.text


@dataclass(frozen=True)
class Mistake:
    """Invalid tables, and the expected error."""

    id: str
    tables: str
    message: str


MISTAKES = (
    Mistake("unknown key", '[model.mine]\nspeck = "x"', "unknown key 'model.mine.speck' (did you mean 'spec'?)"),
    Mistake("unknown gate", "[model.mine.thresholds.int8]\nwer_drop = 1.0", "(did you mean 'wer_drop_max'?)"),
    Mistake("normalizer", '[model.mine]\nnormalizer = "basics"', "'basics' is not accepted (did you mean 'basic'?)"),
    Mistake("units", '[model.mine]\nunits = "letter"', "'letter' is not accepted (did you mean 'letters'?)"),
    Mistake("corpus key", "[corpus.mine]\nlimits = 3", "unknown key 'corpus.mine.limits' (did you mean 'limit'?)"),
    Mistake(
        "column of no role",
        '[corpus.mine]\ncolumns = { txt = "words" }',
        "unknown key 'corpus.mine.columns.txt' (did you mean 'text'?); accepted here: audio, text, id, speaker",
    ),
    Mistake("corpus value", "[corpus.mine]\nlimit = 0", "corpus.mine.limit = 0 is not accepted"),
    Mistake("a word for a table", 'model.mine = "x"', "model.mine = 'x' is not accepted"),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.id)
def test_mistakes_in_tables_are_reported(mistake: Mistake, own_warm: Warm, tmp_path: Path) -> None:
    """The error names the file, the full key, and the most similar accepted key."""
    with pytest.raises(SuiteError) as caught:
        load_config(with_tables(own_warm.suite, mistake.tables, tmp_path), {})
    assert str(caught.value).startswith("mine.toml: ")
    assert mistake.message in str(caught.value)


def test_the_tutorials_models_are_listed(tmp_path: Path) -> None:
    """suite.toml has the scopes and published figures of both editions, which a plain run does not use."""
    config = load_config(SUITE, {})
    assert ["embedded"] == config.models
    pot, nncf = config.settings_of("tutorial"), config.settings_of("tutorial-nncf")
    assert "facebook/data2vec-audio-base-960h" == pot.spec == nncf.spec
    assert (16, 1) == tuple(len(one.quantization.ignored_scope.names) for one in (pot, nncf))
    assert (0.0400, 0.0452) == (pot.expected_wer["int8"], nncf.expected_wer["int8"])
    (spec,) = corpus_specs(config, pot.corpora[0], tmp_path)
    assert ("patrickvonplaten/librispeech_asr_dummy", "clean", "validation") == (spec.hub_id, spec.config, spec.split)

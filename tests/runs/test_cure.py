"""A network whose INT8 loses most words is cured by the study `sensitivity`, and by accuracy control."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support.log_mel import LogMel
from tests.support.once import once
from tests.support.suite_run import Run, run
from tests.support.tiny import write_corpus

FRONT_END = {"mel/stft", "mel/bands"}
CONTROL = ("--quantizer", "nncf-accuracy-control")
SETUP, ACCURACY = 13, 10
SUITE = """
models = ["log-mel.onnx"]
corpora = ["evaluation.parquet"]
calibration = "calibration.parquet"
min_words = 1
quantizer_study.timing_s = 0.2
"""


@dataclass(frozen=True)
class Spoilt:
    """The network with its corpora, a store, and a run of the gates on words with all thresholds as shipped."""

    folder: Path
    failed: Run

    def run(self, tests: str, *options: str, results: Path | None = None, pasted: str = "") -> Run:
        """Run tests with what was pasted into the suite file."""
        suite = self.folder / f"suite-{len(list(self.folder.glob('suite-*')))}.toml"
        suite.write_text(SUITE + pasted)
        return _run(self.folder, tests, suite, *options, results=results)


def _run(folder: Path, tests: str, suite: Path, *options: str, results: Path | None = None) -> Run:
    # 144 words leave the WER drop undecided, also where none changed
    given = ("--suite", str(suite), "--cache-dir", str(folder / "cache"), "--allow-inconclusive", *options)
    return run([tests], *given, results=results)


def _make(folder: Path) -> Spoilt:
    network = LogMel()
    network.write(folder)
    write_corpus(folder / "evaluation.parquet", network.spoken(range(24)))
    write_corpus(folder / "calibration.parquet", network.spoken(range(100, 112)))
    (folder / "suite-0.toml").write_text(SUITE)
    return Spoilt(folder, _run(folder, "accuracy/test_wer.py", folder / "suite-0.toml", results=folder / "failed.json"))


@pytest.fixture(scope="session")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Spoilt:
    """The network and a run that its INT8 fails."""
    return once(tmp_path_factory, "log-mel", _make)


def pasteable(done: Run) -> str:
    """Return the lines of the terminal that belong into a suite file: from the first table to the next empty line."""
    lines = done.output.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("[model."))
    tables = lines[start:]
    return "\n".join(tables[: tables.index("]") + 1]) + "\n"


def test_int8_loses_most_words_and_the_study_is_named(spoilt: Spoilt) -> None:
    """FP16 makes no error; the summary of INT8's failure says how to find the cause."""
    assert ACCURACY == spoilt.failed.code, spoilt.failed.output
    assert spoilt.failed.results is not None
    rates = {row["variant"]: row["candidate"]["wer"] for row in spoilt.failed.results["evaluations"]}
    assert 0.0 == rates["fp16"]
    assert rates["int8"] > 0.5
    assert "--study sensitivity" in spoilt.failed.text


def test_the_study_finds_a_scope_that_passes_all_gates(spoilt: Spoilt, tmp_path: Path) -> None:
    """The front end is ranked and named, its scope holds elsewhere, and all gates pass with the printed lines."""
    found = spoilt.run("accuracy", "--study", "sensitivity", results=tmp_path / "found.json")
    assert 0 == found.code, found.output
    assert found.results is not None
    (ranking,), (scope,) = found.results["sensitivities"], found.results["scopes"]
    assert FRONT_END == {layer["name"] for layer in ranking["layers"][:2]} == set(ranking["front_end"]["names"])
    assert {"Convolution", "Multiply", "Add", "MatMul", "Log", "Divide"} <= set(ranking["front_end"]["operations"])
    assert FRONT_END == set(scope["names"]) == set(scope["front_end"])
    assert set() == set(scope["judged"]["utterances"]) & set(ranking["search"])
    assert "spectral front end" in found.text

    cured = spoilt.run("accuracy", pasted=pasteable(found))
    assert 0 == cured.code, cured.output


def test_convolutions_alone_are_no_cure(spoilt: Spoilt) -> None:
    """The product with the mel filters is as bad as the spectrogram's convolution."""
    pasted = '[quantization.ignored_scope]\ntypes = ["Convolution"]\n'
    assert ACCURACY == spoilt.run("accuracy/test_wer.py", pasted=pasted).code


def test_accuracy_control_names_what_it_reverted(spoilt: Spoilt, tmp_path: Path) -> None:
    """Its IR passes all gates, also those on logits; so does plain INT8 with the scope that it prints."""
    controlled = spoilt.run("accuracy", *CONTROL, results=tmp_path / "controlled.json")
    assert 0 == controlled.code, controlled.output
    assert controlled.results is not None
    (row,) = controlled.results["reverted"]
    assert set(row["layers"]) >= FRONT_END
    assert "accuracy control reverted" in controlled.text

    kept = spoilt.run("accuracy", pasted=pasteable(controlled))
    assert 0 == kept.code, kept.output


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (lambda number: f"WORDS OF ANOTHER RECORDING {number}", "the FP16 IR has a word error rate of "),
        (lambda _: "...", "the transcripts have no words"),
    ],
    ids=["transcripts of other recordings", "transcripts without words"],
)
def test_accuracy_control_refuses_transcripts_that_say_nothing(
    texts: Callable[[int], str], reason: str, spoilt: Spoilt, tmp_path: Path
) -> None:
    """One line says so before anything is tuned, and names what would do."""
    recordings = LogMel().spoken(range(100, 112))
    foreign = [replace(each, text=texts(number)) for number, each in enumerate(recordings)]
    calibration = write_corpus(tmp_path / "foreign.parquet", foreign)
    options = (*CONTROL, "--calibration", str(calibration), "--normalizer", "basic")
    done = spoilt.run("accuracy/test_wer.py", *options, results=tmp_path / "refused.json")
    assert SETUP == done.code, done.output
    line = next(line for line in done.output.splitlines() if line.startswith("ERROR: accuracy control cannot tune"))
    assert reason in line
    assert "name a calibration corpus" in line
    assert 0 == done.built("controlled-ir")

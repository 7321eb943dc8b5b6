"""`--model FILE.onnx`: the whole suite with ONNX Runtime as the reference, and its mistakes in one line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.networks import Spelling, export_tutorial
from tests.support.suite_run import Run, run
from tests.support.tiny import Spoken, Tiny, encoded, save_processor, write_corpus
from wergate.config.variants import REFERENCE
from wergate.recognizers.onnx import OnnxRecognizer


@dataclass(frozen=True)
class Cold:
    """A first run of all accuracy gates on an ONNX file."""

    options: tuple[str, ...]
    run: Run


@pytest.fixture(scope="module")
def cold(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Cold:
    """The tiny checkpoint as the tutorial exports it, with vocabulary and preprocessor in its folder."""

    folder = tmp_path_factory.mktemp("suite")
    save_processor(folder)
    path = export_tutorial(tiny.model, folder / "data2vec.onnx")
    suite = tiny.suite(folder / "tiny.toml")
    options = ("--model", str(path), "--suite", str(suite), "--cache-dir", str(folder / "cache"))
    return Cold(options, run(["accuracy"], *options, results=folder / "cold.json"))


def test_all_gates_apply(cold: Cold) -> None:
    """Gates on graph, transcripts, WER, logits and lengths of both IRs, compared with ONNX Runtime."""
    assert 0 == cold.run.code, cold.run.output
    assert cold.run.results is not None
    assert {"fp16", "int8", "onnxruntime"} == {row["subject"].lower() for row in cold.run.results["verdicts"]}
    assert (1, 1, 1) == tuple(cold.run.built(kind) for kind in ("fp16-ir", "int8-ir", "reference-run"))
    assert "onnxruntime" in cold.run.output


def test_how_audio_is_prepared_is_printed(cold: Cold) -> None:
    """The end of the run and the results say it, and name the file that says so."""
    note = "audio: 16 kHz, normalized to zero mean and unit variance (processor_config.json)"
    assert note in " ".join(cold.run.output.split())
    assert cold.run.results is not None
    assert [[note]] == [model["notes"] for model in cold.run.results["models"]]


def test_a_second_run_builds_nothing(cold: Cold, tmp_path: Path) -> None:
    """The digest of the file is part of the key of everything built from it."""
    warm = run(["accuracy/test_wer.py"], *cold.options, results=tmp_path / "warm.json")
    assert 0 == warm.code, warm.output
    assert {"found"} == set(warm.statuses)


def test_layers_are_ranked_of_an_onnx_file_too(cold: Cold, tmp_path: Path) -> None:
    """Each is restored from the FP16 IR of the file."""
    done = run(
        ["accuracy/test_sensitivity.py"], "--study", "sensitivity", *cold.options, results=tmp_path / "ranked.json"
    )
    assert 0 == done.code, done.output
    assert done.results is not None
    (row,) = done.results["sensitivities"]
    assert {"int8"} == {row["variant"]}
    kinds = [layer["kind"] for layer in row["layers"]]
    assert (4, 14) == (kinds.count("Convolution"), kinds.count("MatMul")), kinds
    assert {"PASS"} == {verdict["status"] for verdict in done.results["verdicts"]}


def test_a_table_of_the_suite_file_tells_what_the_file_does_not(tiny: Tiny, tmp_path: Path) -> None:
    """Labels, blank, word delimiter, units, rate and normalization are keys of `[model.NAME]`."""
    (tmp_path / "mine.json").write_text(json.dumps(["k", "#", "*", "t"]))
    stated = {
        "spec": str(Spelling(4).export(tmp_path / "net.onnx")),
        "labels": str(tmp_path / "mine.json"),
        "blank": "*",
        "word_delimiter": "#",
        "units": "phonemes",
        "sampling_rate": 8000,
        "normalize_audio": True,
    }
    changes = {f"model__mine__{key}": json.dumps(value) for key, value in stated.items()}
    session = tiny.session(tmp_path, tmp_path / "cache", models='["mine"]', **changes)
    frontend = session.frontend("mine")
    assert (8000, True) == (frontend.sampling_rate, frontend.normalize)
    alphabet = frontend.alphabet
    assert (2, "#", "phonemes") == (alphabet.blank_id, alphabet.word_delimiter, alphabet.units)
    recognizer = session.recognizer("mine", REFERENCE)
    assert OnnxRecognizer is type(recognizer)


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        ("<blk> 0\na 1\n", (), "model 'net.onnx' gives 3 values per frame, but there are 2 labels"),
        ("<blk> 0\na 1\nb 2\n", ("--blank", "<blank>"), "blank '<blank>' is not in the labels (did you mean '<blk>'?)"),
        ("<blk> 0\na 1\nb 2\n", ("--word-delimiter", "|"), "word delimiter '|' is not in the labels"),
        (None, (), "model 'net.onnx' has no labels: none of vocab.json"),
        (None, ("--labels", "nowhere.txt"), "labels 'nowhere.txt' do not exist"),
    ],
    ids=["another number of labels", "blank", "word delimiter", "no labels", "labels elsewhere"],
)
def test_a_mistake_is_told_in_one_line(
    labels: str | None, options: tuple[str, ...], message: str, tiny: Tiny, tmp_path: Path
) -> None:
    """One line names the mistake, without a traceback."""
    path = Spelling(3).export(tmp_path / "net.onnx")
    if labels is not None:
        (tmp_path / "tokens.txt").write_text(labels)
    suite = tiny.suite(tmp_path / "tiny.toml")
    wanted = ("--model", str(path), "--suite", str(suite), "--cache-dir", str(tmp_path / "cache"), "-x")
    done = run(["accuracy/test_wer.py"], *wanted, *options)
    assert 0 != done.code, done.output
    assert "Traceback" not in done.output
    assert any(message in line for line in done.output.splitlines()), done.output


def test_a_token_error_rate_stands_beside_the_word_error_rate(tiny: Tiny, tmp_path: Path) -> None:
    """Subwords with a mark of their own decode to words; their errors are counted too, in table and results."""
    labels = ("<blk>", "\u2581ten", "\u2581ra", "in", "ed")
    (tmp_path / "tokens.txt").write_text("\n".join(f"{label} {number}" for number, label in enumerate(labels)))
    network = Spelling(len(labels))
    said = {"right": ("ten rained", (1, 0, 2, 3, 4)), "wrong": ("ten rained", (1, 0, 2, 3))}
    rows = [
        Spoken(name, text, encoded(network.waveform(ids), container="WAV", subtype="FLOAT"))
        for name, (text, ids) in said.items()
    ]
    corpus = write_corpus(tmp_path / "spelled.parquet", rows)
    suite = ("--suite", str(tiny.suite(tmp_path / "tiny.toml")), "--cache-dir", str(tmp_path / "cache"))
    wanted = ("--model", str(network.export(tmp_path / "net.onnx")), "--corpus", str(corpus), "--precisions", "fp16")
    done = run(["accuracy/test_wer.py"], *suite, *wanted, results=tmp_path / "results.json")
    assert 0 == done.code, done.output
    assert done.results is not None
    (row,) = done.results["evaluations"]
    assert (1, 4) == (row["reference"]["substitutions"], row["reference"]["words"])
    assert "subwords" == row["tokens"]["units"]
    assert (1, 8) == (row["tokens"]["reference"]["deletions"], row["tokens"]["reference"]["words"])
    assert "TER %" in done.output
    assert "12.50" in done.output

"""A mistake of the user aborts the run with one clear line, without a traceback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from tests.support.suite_run import Run, Warm, run
from tests.support.tiny import LABELS, Spoken, Tiny, encoded, sound, spoken, write_corpus

GATES = ["accuracy/test_wer.py"]


@dataclass(frozen=True)
class Place:
    """Inputs of a mistake."""

    folder: Path
    tiny: Tiny


@dataclass(frozen=True)
class Mistake:
    """Options that are wrong, and the message that they get."""

    id: str
    options: Callable[[Place], list[str]]
    message: str


def refused(done: Run, message: str) -> None:
    """Check that a run ends with one line about the mistake, a non-zero exit code and no traceback."""
    assert 0 != done.code, done.output
    assert "Traceback" not in done.output
    assert "INTERNALERROR" not in done.output
    summary = ("ERROR accuracy/", "FAILED accuracy/")  # pytest's own list of tests repeats what was said above
    naming = [line for line in done.output.splitlines() if message in line and not line.startswith(summary)]
    assert 1 == len(naming), f"'{message}' should be said in one line:\n{done.output}"


def suite(place: Place, **changes: str) -> list[str]:
    """Name a suite file with changes."""
    return ["--suite", str(place.tiny.suite(place.folder / "mine.toml", **changes))]


def corpus_of(*utterances: Spoken) -> Callable[[Place], list[str]]:
    """Name a corpus of these utterances."""
    return lambda place: ["--corpus", str(write_corpus(place.folder / "mine.parquet", utterances))]


def open_cache(place: Place) -> list[str]:
    """Name a cache that everybody can write."""
    (place.folder / "open").mkdir()
    (place.folder / "open").chmod(0o777)
    return ["--cache-dir", str(place.folder / "open")]


def columns(**renamed: str) -> Callable[[Place], list[str]]:
    """Name a corpus whose columns have other names."""

    def write(place: Place) -> list[str]:
        table = pq.read_table(write_corpus(place.folder / "mine.parquet", spoken([1])))
        names = [renamed.get(name, name) for name in table.column_names]
        pq.write_table(table.rename_columns(names).replace_schema_metadata(None), place.folder / "mine.parquet")
        return ["--corpus", str(place.folder / "mine.parquet")]

    return write


def model_with(change: Callable[[Path], object]) -> Callable[[Place], list[str]]:
    """Name a copy of the tiny model with something wrong in it."""

    def write(place: Place) -> list[str]:
        change(shutil.copytree(place.tiny.model, place.folder / "broken"))
        return ["--model", str(place.folder / "broken")]

    return write


def without_head(folder: Path) -> None:
    """Say that the checkpoint is the bare encoder."""
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"architectures": ["Data2VecAudioModel"]}))


def pickled(folder: Path) -> None:
    """Have weights in a pickle only."""
    (folder / "model.safetensors").unlink()
    torch.save({"lm_head.bias": torch.zeros(3)}, folder / "pytorch_model.bin")


def fewer_labels(folder: Path) -> None:
    """Take the last letter from the tokenizer."""
    vocabulary = json.loads((folder / "vocab.json").read_text())
    del vocabulary[LABELS[-1]]
    (folder / "vocab.json").write_text(json.dumps(vocabulary))


def text_file(place: Place) -> list[str]:
    """Name a corpus that is not a parquet file."""
    (place.folder / "mine.parquet").write_text("no parquet at all")
    return ["--corpus", str(place.folder / "mine.parquet")]


def text_audio(place: Place) -> list[str]:
    """Name a corpus whose audio is a path."""
    pq.write_table(pa.table({"audio": ["a.wav"], "text": ["A"]}), place.folder / "mine.parquet")
    return ["--corpus", str(place.folder / "mine.parquet")]


def without_audio(place: Place) -> list[str]:
    """Name a corpus of transcripts alone."""
    pq.write_table(pa.table({"id": ["u1"], "text": ["A"]}), place.folder / "mine.parquet")
    return ["--corpus", str(place.folder / "mine.parquet")]


def overlapping(place: Place) -> list[str]:
    """Evaluate on what the model is calibrated on."""
    return ["--corpus", str(place.tiny.calibration)]


ONE = spoken([1])[0]
NAN = encoded(np.full(4000, np.nan, np.float32), container="WAV", subtype="FLOAT")
EMPTY = encoded(np.zeros(0, np.float32), container="WAV")

OPTIONS = (
    Mistake("unknown model", lambda _: ["--model", "embeded"], "model 'embeded' is neither a folder nor a known spec"),
    Mistake("near model", lambda _: ["--model", "embeded"], "did you mean 'embedded'?"),
    Mistake("model file that is missing", lambda _: ["--model", "./absent"], "model './absent' is neither"),
    Mistake("model that the hub has not", lambda _: ["--model", "no/such"], "model 'no/such' is not in the cache"),
    Mistake("near random model", lambda _: ["--model", "random:data2vec-base"], "'random:data2vec-audio-base'?"),
    Mistake("unknown corpus", lambda _: ["--corpus", "embeded"], "corpus 'embeded' is neither a file nor a known"),
    Mistake("unknown split", lambda _: ["--corpus", "embedded:cleen"], "did you mean 'clean'?"),
    Mistake("corpus file that is missing", lambda _: ["--corpus", "absent.parquet"], "corpus 'absent.parquet' is"),
    Mistake("near name of a model", lambda _: ["--model", "tutoral"], "(did you mean 'tutorial'?)"),
    Mistake("near name of a corpus", lambda _: ["--corpus", "librispeech-dumy"], "(did you mean 'librispeech-dummy'?)"),
    Mistake("limit of none", lambda _: ["--limit", "0"], "limit = 0 is not accepted"),
    Mistake("limit that is not a number", lambda _: ["--limit", "few"], "argument --limit: invalid int value: 'few'"),
    Mistake("unknown precision", lambda _: ["--precisions", "int9"], "'int9' is not accepted"),
    Mistake("one precision of two", lambda _: ["--precisions", "fp16,int9"], "'int9' is not accepted"),
    Mistake("typo in an option", lambda _: ["--precisionss", "int8"], "unrecognized arguments: --precisionss"),
    Mistake(
        "results in a missing folder", lambda _: ["--results", "/absent/r.json"], "'/absent/r.json' is in a folder"
    ),
    Mistake("results on a folder", lambda p: ["--results", str(p.folder)], "is a folder"),
    Mistake("missing suite file", lambda _: ["--suite", "absent.toml"], "suite file 'absent.toml' cannot be read"),
    Mistake(
        "threshold that is not a number",
        lambda p: suite(p, thresholds__int8__wer_drop_max='"low"'),
        "thresholds.int8.wer_drop_max = 'low' is not a number",
    ),
    Mistake("unknown key", lambda p: suite(p, quantization__preset_="1"), "did you mean 'preset'?"),
    Mistake("an option of ONNX files", lambda _: ["--blank", "_"], "is a checkpoint, but blank = '_' is for an .onnx"),
    Mistake("a column of no role", lambda _: ["--columns", "sound=x"], "columns has the unknown key 'sound'"),
    Mistake("a column that is not there", lambda _: ["--columns", "text=words"], "'words'"),
    Mistake(
        "near quantizer", lambda _: ["--quantizer", "ncf"], "quantizer = 'ncf' is not accepted (did you mean 'nncf'?)"
    ),
    Mistake("unknown normalizer", lambda _: ["--normalizer", "basics"], "'basics' is not accepted (did you mean"),
    Mistake("unknown calibration", lambda _: ["--calibration", "embeded"], "corpus 'embeded' is neither"),
    Mistake(
        "transcripts on a folder",
        lambda p: ["--transcripts", str(p.folder)],
        "is not a file, or its folder does not exist",
    ),
    Mistake("candidate that is missing", lambda _: ["--candidate", "absent"], "'absent' is not an OpenVINO IR"),
    Mistake("export without a place", lambda _: ["--export-failed"], "add --export DIR"),
    Mistake("ONNX file that is missing", lambda _: ["--model", "absent.onnx"], "model 'absent.onnx' does not exist"),
    Mistake("nothing to gate", lambda _: ["--precisions", "none"], "leaves nothing to gate"),
    Mistake("unknown instruction set", lambda _: ["--isa", "native,avx512vnni"], "(did you mean 'avx512_vnni'?)"),
    Mistake("unknown inference precision", lambda _: ["--inference-precision", "fp32"], "(did you mean 'f32'?)"),
    Mistake("unknown device", lambda _: ["--device", "TPU"], "device 'TPU' cannot run the model"),
)
MODELS = (
    Mistake("no CTC head", model_with(without_head), "has no CTC head: its architecture is Data2VecAudioModel"),
    Mistake("pickled weights", model_with(pickled), "pickled weights are refused"),
    Mistake("no config", model_with(lambda f: (f / "config.json").unlink()), "no readable config.json"),
    Mistake("no processor", model_with(lambda f: (f / "vocab.json").unlink()), "has no processor that can be loaded"),
    Mistake("fewer labels than logits", model_with(fewer_labels), "has 22 logits per frame, but its tokenizer has 21"),
    Mistake(
        "truncated weights",
        model_with(lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:999])),
        "cannot be loaded",
    ),
)
CORPORA = (
    Mistake("no audio column", without_audio, "corpus 'mine' has no audio column: it has id, text"),
    Mistake("no text column", columns(text="words"), "corpus 'mine' has no text column: it has id, audio, words"),
    Mistake("no parquet", text_file, "corpus 'mine' cannot be opened"),
    Mistake("audio that is a path", text_audio, "does not exist"),
    Mistake("no utterance", corpus_of(), "corpus 'mine' has no utterance"),
    Mistake("empty transcript", corpus_of(ONE.but(text="  ")), "the transcript of utterance 'u1' is empty"),
    Mistake("undecodable audio", corpus_of(ONE.but(audio=b"noise")), "audio of utterance 'u1' cannot be decoded"),
    Mistake("empty audio", corpus_of(ONE.but(audio=EMPTY)), "audio of utterance 'u1' holds 0 samples"),
    Mistake("NaN audio", corpus_of(ONE.but(audio=NAN)), "4000 samples that are NaN or infinite"),
    Mistake(
        "audio too short",
        corpus_of(ONE.but(audio=encoded(sound(0.01, seed=1)))),
        "utterance 'u1': input of 160 samples is too short",
    ),
    Mistake("overlap", overlapping, "overlaps the evaluation corpus 'calibration' in 3 utterances, first 'u10'"),
)


@pytest.mark.parametrize("mistake", [*OPTIONS, *MODELS, *CORPORA], ids=lambda mistake: mistake.id)
def test_a_mistake_is_told(mistake: Mistake, tiny: Tiny, warm: Warm, tmp_path: Path) -> None:
    """One line names it, the exit code is not zero, and no traceback is shown."""
    wrong = mistake.options(Place(tmp_path, tiny))
    plain = ["--suite", str(warm.suite), "--cache-dir", str(warm.cache), "--precisions", "fp16"]
    refused(run(GATES, *plain, *wrong), mistake.message)


def audio_as_model(place: Place) -> list[str]:
    """Name a recording in place of a model."""
    (place.folder / "speech.wav").write_bytes(encoded(sound(0.5, seed=1), container="WAV"))
    return ["--model", str(place.folder / "speech.wav")]


EARLY = (
    Mistake(
        "a cache that others can write", open_cache, "can be written by other users (mode 0777); one that only you"
    ),
    Mistake("folder that is missing", lambda p: ["--model", str(p.folder / "gone")], "gone' is neither a folder nor a"),
    Mistake("recording for a model", audio_as_model, "speech.wav' is a file, but not an .onnx file; accepted: "),
    Mistake("random model that is unknown", lambda _: ["--model", "random:none"], "'random:none' is neither a folder"),
    Mistake("ONNX file", lambda p: ["--model", str(p.folder / "n.onnx")], "n.onnx' does not exist; an .onnx file is"),
    Mistake("folder without a checkpoint", lambda p: ["--model", str(p.folder)], "has no readable config.json in"),
    Mistake("calibration", lambda p: ["--calibration", str(p.folder / "gone")], "gone' is neither a file nor a known"),
    Mistake("candidate", lambda p: ["--candidate", str(p.folder / "gone.xml")], "gone.xml' is not an OpenVINO IR"),
    Mistake("summary on a folder", lambda p: ["--summary", str(p.folder)], "is a folder; name a file with --summary"),
    Mistake("badge in no folder", lambda _: ["--badge", "/absent/b.json"], "'/absent/b.json' is in a folder that"),
    Mistake("nothing to gate", lambda _: ["--precisions", "none"], "command line: --precisions none leaves nothing"),
    Mistake("none of the worst", lambda _: ["--worst", "0"], "--worst 0 prints nothing; give a number of at least 1"),
)


@pytest.mark.parametrize("folder", ["accuracy", "benchmarks"])
@pytest.mark.parametrize("mistake", EARLY, ids=lambda mistake: mistake.id)
def test_a_mistake_is_found_before_the_tests_start(mistake: Mistake, folder: str, tiny: Tiny, tmp_path: Path) -> None:
    """The line is all that the run prints, and it ends with exit code 13."""
    done = run([folder], *mistake.options(Place(tmp_path, tiny)))
    (line,) = (line for line in done.output.splitlines() if line)
    assert (13, "ERROR: ", 1) == (done.code, line[:7], line.count(mistake.message)), done.output


def test_a_mistyped_option_gets_a_suggestion() -> None:
    """pytest names the unknown options, and a line of the suite the ones that are like them."""
    done = run(GATES, "--presicions", "fp16", "--modle", "x", "--no-such-thing")
    assert 4 == done.code, done.output
    lines = [line.strip() for line in done.output.splitlines()]
    assert ["did you mean: --precisions for --presicions, --model for --modle"] == [
        line for line in lines if line.startswith("did you mean")
    ]


@pytest.mark.parametrize("cache", ["/proc/wergate", "{file}/cache"], ids=["no such place", "below a file"])
def test_a_cache_that_cannot_be_written_is_told(cache: str, warm: Warm, tmp_path: Path) -> None:
    """The directory and the option are named."""
    (tmp_path / "file").write_text("")
    directory = cache.format(file=tmp_path / "file")
    refused(run(GATES, "--suite", str(warm.suite), "--cache-dir", directory), f"'{directory}' cannot be written")


def test_audio_that_had_to_be_changed_is_said(warm: Warm, tmp_path: Path) -> None:
    """Other rates are resampled and stereo is mixed down; summary and results say so, with the counts."""
    stereo = np.stack([sound(1, seed=1), sound(1, seed=2)], axis=1)
    rows = [
        Spoken("slow", "TEN MEN", encoded(sound(1, seed=5, rate=8000), rate=8000)),
        Spoken("slow too", "TEN MEN", encoded(sound(1, seed=6, rate=8000), rate=8000)),
        Spoken("stereo", "RED SAND", encoded(stereo)),
        spoken([1])[0],
    ]
    corpus = write_corpus(tmp_path / "odd.parquet", rows)
    options = ("--suite", str(warm.suite), "--cache-dir", str(warm.cache), "--precisions", "fp16")
    done = run(GATES, *options, "--corpus", str(corpus), results=tmp_path / "results.json")
    assert done.code == 0, done.output
    notes = {"resampled from 8000 Hz to 16000 Hz": 2, "mixed down from 2 channels": 1}
    assert [notes] == [row["audio_notes"] for row in done.results["evaluations"]]
    assert "odd: 2 utterances resampled from 8000 Hz to 16000 Hz" in done.output
    assert "mixed down from 2 channels" in done.output

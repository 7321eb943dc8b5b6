"""Whole duels: the answer, its row, the page, the exit code, and what a side that fails leaves behind."""

from __future__ import annotations

import io
import json
import os
import shlex
import shutil
import signal
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.duel.test_command import is_alive
from tests.duel.test_worker import SPOILT, side_of, spoil
from tests.support.command import wergate
from tests.support.networks import export_tutorial
from tests.support.suite_run import ROOT, Run, Warm, finish, run, start
from tests.support.tiny import LABELS, TEXTS, Spoken, Tiny, spoken, write_corpus
from wergate.corpora.audio import Samples
from wergate.duel.worker import NetworkWorker
from wergate.networks.ir.conversion import MODEL_FILE

TEST = ["benchmarks/test_duel.py"]
EXAMPLE = ROOT / "docs" / "guides" / "duel_onnxruntime.py"
SHORT = {"benchmarks__duel__" + key: value for key, value in (("budget_s", "0.5"), ("open_budget_factor", "1.0"))}
QUICK = {**SHORT, "benchmarks__duel__pairs": "3", "benchmarks__duel__blocks_min": "4"}


def duel(warm: Warm, tiny: Tiny, folder: Path, *sides: object, options: tuple[str, ...] = (), **changes: str) -> Run:
    """Run a duel on the tiny model, with a budget that is over at the first look."""
    suite = tiny.suite(folder / "duel.toml", **QUICK, **changes)
    given = [word for side in sides for word in ("--duel", str(side))]
    where = ("--suite", str(suite), "--cache-dir", str(warm.cache))
    return run(TEST, *given, *where, *options, results=folder / "results.json")


def row_of(found: Run) -> dict[str, Any]:
    """Return the only row of a duel."""
    assert found.results is not None, found.output
    (row,) = found.results["duels"]
    return dict(row)


def as_written(warm: Warm, folder: Path) -> Path:
    """Write a corpus whose references are what the sound INT8 IR writes."""
    with closing(NetworkWorker(side_of(warm, folder))) as worker:
        said = [utterance.but(text=worker.answer(utterance.id, read(utterance)).text) for utterance in spoken(range(8))]
    return write_corpus(folder / "as-written.parquet", said)


def read(utterance: Spoken) -> Samples:
    """Return the samples of an utterance."""
    samples, _ = soundfile.read(io.BytesIO(utterance.audio), dtype="float32")
    return np.asarray(samples, np.float32)


def programs(folder: Path, tiny: Tiny) -> str:
    """Return the side of the guide: an ONNX model through ONNX Runtime."""
    onnx, labels = export_tutorial(tiny.model, folder / "model.onnx"), folder / "vocab.json"
    labels.write_text(json.dumps({label: number for number, label in enumerate(LABELS)}))
    return f"exec:{shlex.join(map(str, (sys.executable, EXAMPLE, onnx, labels)))}"


def test_a_corrupt_ir_does_not_replace_the_sound_one(own_warm: Warm, tiny: Tiny, tmp_path: Path) -> None:
    """Utterances and layer are named, on the terminal, in the results and on the page; accuracy failed."""
    sound = own_warm.ir("int8") / MODEL_FILE
    corpus = json.dumps([str(as_written(own_warm, tmp_path))])
    page, summary = tmp_path / "page.html", tmp_path / "summary.md"
    found = duel(
        own_warm,
        tiny,
        tmp_path,
        sound,
        spoil(sound, tmp_path),
        options=("--report", str(page), "--summary", str(summary)),
        corpora=corpus,
        thresholds__int8__wer_drop_max="0.0",
    )
    row = row_of(found)
    assert 10 == found.code, found.output
    assert "do not upgrade" == row["outcome"]
    (layer,) = [one for one in row["layers"] if one["what"] == "weights"]
    worse = [one["id"] for one in row["corpora"][0]["changed"] if one["added"] > 0]
    assert SPOILT in layer["name"]
    assert worse
    for text in (found.text, page.read_text(), summary.read_text()):
        assert layer["name"] in text
    assert f"these {len(worse)} utterances ({', '.join(worse[:7])}" in row["line"]
    assert row["line"] in found.text
    assert 3 == len(row["null"]["pairs"])
    assert row["corpora"][0]["logits"]["argmax_agreement"] < 1


def test_a_program_is_held_against_the_suite(own_warm: Warm, tiny: Tiny, tmp_path: Path) -> None:
    """The example of the guide: ONNX Runtime writes what FP16 writes, and both are timed."""
    fp16 = own_warm.ir("fp16") / MODEL_FILE
    found = duel(own_warm, tiny, tmp_path, fp16, programs(tmp_path, tiny))
    row = row_of(found)
    assert [] == row["corpora"][0]["changed"], found.output
    assert "exec" == row["second"]["kind"]
    assert row["corpora"][0]["logits"] is None
    assert row["time"]["second_ms"] > 0
    assert {"ratio", "interval", "pairs"} <= row["time"].keys()


def test_stored_transcripts_are_held_against_a_program(own_warm: Warm, tiny: Tiny, tmp_path: Path) -> None:
    """The other example: texts have words and no speed, and no model is built for them."""
    for name, said in (("A", TEXTS), ("B", ["NOTHING OF THE SORT"] * 4)):
        lines = [json.dumps({"id": f"u{number}", "text": said[number]}) for number in range(4)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    sides = [f"transcripts:{tmp_path / name}.jsonl" for name in ("A", "B")]
    found = duel(own_warm, tiny, tmp_path, *sides, thresholds__int8__wer_drop_max="0.0")
    assert 10 == found.code, found.output
    assert "do not upgrade: these 4 utterances (u0, u1, u2, u3)" == row_of(found)["line"]
    equal = duel(own_warm, tiny, tmp_path, sides[0], sides[0], thresholds__int8__wer_drop_max="0.0")
    assert 0 == equal.code, equal.output
    assert row_of(equal)["line"].startswith("upgrade: same transcript on 4 of 4 utterances, not timed: ")


def test_what_was_measured_before_a_side_died_is_kept(own_warm: Warm, tiny: Tiny, tmp_path: Path) -> None:
    """The error names the side and its log, and the row has the utterances before it."""
    script = tmp_path / "dies.py"
    script.write_text(
        "import json, sys\n"
        "for number, line in enumerate(sys.stdin):\n"
        "    if number == 2:\n"
        "        sys.exit('the disk is full')\n"
        "    print(json.dumps(dict(json.loads(line), text='A')), flush=True)\n"
    )
    texts = tmp_path / "texts.jsonl"
    texts.write_text("".join(f'{{"id": "u{number}", "text": "A"}}\n' for number in range(4)))
    found = duel(own_warm, tiny, tmp_path, f"transcripts:{texts}", f"exec:{sys.executable} {script}")
    assert 13 == found.code, found.output
    row = row_of(found)
    assert 2 == row["corpora"][0]["utterances"]
    assert "inconclusive" == row["outcome"]
    assert "side B (exec:" in row["stopped"]
    assert "died: the disk is full; its log is kept in '" in row["stopped"]
    log = Path(row["stopped"].rpartition("its log is kept in '")[2].partition("'")[0])
    assert "the disk is full" in log.read_text()


def test_an_interrupt_leaves_no_process_behind(own_warm: Warm, tiny: Tiny, tmp_path: Path) -> None:
    """Ctrl-C while a side computes aborts the run and ends the side, and what the side has started."""
    pipe, script = tmp_path / "pids", tmp_path / "hangs.py"
    os.mkfifo(pipe)
    script.write_text(
        "import os, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import sys; sys.stdin.read()'], stdin=subprocess.PIPE)\n"
        "sys.stdin.readline()\n"
        f"open({str(pipe)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "child.wait()\n"
    )
    texts = tmp_path / "texts.jsonl"
    texts.write_text("".join(f'{{"id": "u{number}", "text": "A"}}\n' for number in range(4)))
    suite = tiny.suite(tmp_path / "duel.toml", **QUICK)
    sides = ("--duel", f"transcripts:{texts}", "--duel", f"exec:{sys.executable} {script}")
    process = start(TEST, *sides, "--suite", str(suite), "--cache-dir", str(own_warm.cache))
    pids = [int(pid) for pid in pipe.read_text().split()]  # returns when the side has written
    assert all(map(is_alive, pids))
    process.send_signal(signal.SIGINT)
    ended = finish(process)
    assert 2 == ended.code, ended.output
    assert not any(map(is_alive, pids))


@pytest.mark.parametrize(
    ("sides", "said"),
    [
        (("only one",), "a duel has two sides, but --duel names 1"),
        (("exec:", "embedded"), "side 'exec:' names no command"),
        (("openvino==2025.4.1+torch==2", "embedded"), "'torch==2', which no environment can have"),
    ],
)
def test_a_mistake_is_one_line(sides: tuple[str, ...], said: str) -> None:
    """Nothing is built for it."""
    found = run(TEST, *(word for side in sides for word in ("--duel", side)))
    assert 13 == found.code, found.output
    assert said in found.text
    assert "Traceback" not in found.output


def test_the_command_makes_the_same_call(own_warm: Warm, tiny: Tiny, tmp_path: Path) -> None:
    """`wergate duel A B` is the call of pytest with both sides."""
    texts = tmp_path / "texts.jsonl"
    texts.write_text("".join(f'{{"id": "u{number}", "text": "A"}}\n' for number in range(4)))
    suite = tiny.suite(tmp_path / "duel.toml", **QUICK)
    shutil.copy(texts, tmp_path / "other.jsonl")
    called = wergate(
        "duel",
        "transcripts:texts.jsonl",
        "transcripts:other.jsonl",
        "--suite",
        suite,
        "--cache-dir",
        own_warm.cache,
        "--allow-inconclusive",
        cwd=tmp_path,
    )
    assert 0 == called.code, called.output
    assert "benchmarks/test_duel.py" in called.shown
    assert "--duel=transcripts:texts.jsonl --duel=transcripts:other.jsonl" in called.shown


def test_each_side_is_compared_with_the_first_and_measured_once(own_warm: Warm, tiny: Tiny, tmp_path: Path) -> None:
    """A series with one file measures only what the file does not hold; the table has a line for each."""
    sides = []
    for name, said in (("A", TEXTS), ("B", TEXTS), ("C", ["NOTHING OF THE SORT"] * 4)):
        lines = [json.dumps({"id": f"u{number}", "text": said[number]}) for number in range(4)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
        sides.append(f"transcripts:{tmp_path / name}.jsonl")
    done = tmp_path / "done.jsonl"
    options = ("--duel-file", str(done))
    strict = {"thresholds__int8__wer_drop_max": "0.0"}
    first = duel(own_warm, tiny, tmp_path, *sides[:2], options=options, **strict)
    assert 0 == first.code, first.output
    (tmp_path / "B.jsonl").write_text("changed since, and not read again")
    both = duel(own_warm, tiny, tmp_path, *sides, options=options, **strict)
    assert 10 == both.code, both.output
    assert both.results is not None
    assert ["upgrade", "do not upgrade"] == [row["outcome"] for row in both.results["duels"]]
    assert "Duels against A" in both.text
    assert 2 == len(done.read_text().splitlines())
    done.write_text("no duel\n")
    broken = duel(own_warm, tiny, tmp_path, *sides[:2], options=options, **strict)
    assert 13 == broken.code, broken.output
    assert "line 1, is not a duel of this version" in broken.text

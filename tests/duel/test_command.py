"""A program as a side: its answers, and one line for each way in which it fails."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from wergate.duel.answers import SideError
from wergate.duel.command import CommandSide, CommandWorker

RATE = 16_000
SAMPLES = np.linspace(-0.5, 0.5, 800, dtype=np.float32)
READ = "import json, os, sys\nfor line in sys.stdin:\n    question = json.loads(line)\n"
SAY = "    print(json.dumps(answer), flush=True)\n"


@pytest.fixture
def workers() -> Iterator[list[CommandWorker]]:
    """Workers that the test starts; all are ended."""
    started: list[CommandWorker] = []
    yield started
    for worker in started:
        worker.close()


def started(code: str, folder: Path, workers: list[CommandWorker], patience_s: float = 30.0) -> CommandWorker:
    """Start a program of the given code."""
    script = folder / "side.py"
    script.write_text(code)
    command = shlex.join([sys.executable, str(script)])
    worker = CommandWorker(CommandSide("B (exec:side.py)", command, RATE, patience_s, folder / "logs" / "B.log"))
    workers.append(worker)
    return worker


def test_a_program_hears_the_samples(tmp_path: Path, workers: list[CommandWorker]) -> None:
    """It gets a WAV file without rounding, and may answer with logits."""
    code = f"""import soundfile, numpy
{READ}    samples, rate = soundfile.read(question["audio"], dtype="float32")
    logits, text = {str(tmp_path / "logits.npy")!r}, f"{{rate}} {{question['sampling_rate']}}"
    numpy.save(logits, samples.reshape(-1, 2))
    answer = dict(question, text=text, logits=logits)
{SAY}"""
    answer = started(code, tmp_path, workers).answer("first", SAMPLES)
    assert f"{RATE} {RATE}" == answer.text
    assert answer.logits is not None
    np.testing.assert_array_equal(SAMPLES, answer.logits.reshape(-1))
    assert answer.seconds > 0


def test_an_utterance_is_repeated(tmp_path: Path, workers: list[CommandWorker]) -> None:
    """A timed call asks for the utterance that the program holds."""
    worker = started(f"{READ}    answer = dict(question, text=question['id'])\n{SAY}", tmp_path, workers)
    assert ["held", "held"] == [worker.hold("held", SAMPLES).text, worker.again().text]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (f"{READ}    raise SystemExit('out of tapes')", "died: out of tapes; its log is kept in .*B.log"),
        (f"{READ}    os.kill(os.getpid(), 9)", "died: its process was killed by SIGKILL"),
        (f"{READ}    print('hello', flush=True)", "answered 'hello', but a line with `id` and `text` is accepted"),
        (f"{READ}    answer = {{'id': 'x', 'text': ''}}\n{SAY}", "answered for 'x', but was asked for 'first'"),
        (f"{READ}    answer = [1]\n{SAY}", r"answered '\[1\]'"),
        (f"{READ}    answer = dict(question, text='', logits='none.npy')\n{SAY}", "'none.npy', which cannot be read"),
    ],
)
def test_a_program_that_fails_is_named(code: str, said: str, tmp_path: Path, workers: list[CommandWorker]) -> None:
    """The side, what it did and the place of its log."""
    worker = started(code, tmp_path, workers)
    with pytest.raises(SideError, match=said) as caught:
        worker.answer("first", SAMPLES)
    assert str(caught.value).startswith("side B (exec:side.py) ")


def test_a_program_that_hangs_is_ended(tmp_path: Path, workers: list[CommandWorker]) -> None:
    """It has its time, and then neither it nor what it started is left."""
    pid = tmp_path / "pid"
    code = f"""import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
open({str(pid)!r}, "w").write(str(child.pid))
sys.stdin.readline()
child.wait()
"""
    worker = started(code, tmp_path, workers, patience_s=1.0)
    with pytest.raises(SideError, match="gave no answer within 1 s"):
        worker.answer("first", SAMPLES)
    worker.close()
    assert not is_alive(int(pid.read_text()))


def is_alive(pid: int) -> bool:
    """Return whether a process runs; one that nobody has waited for yet has ended too."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z" and os.getpid() != pid


def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    """One line, no traceback."""
    with pytest.raises(SideError, match="cannot be started: No such file or directory: 'no-such-program'"):
        CommandWorker(CommandSide("B", "no-such-program", RATE, 1.0, tmp_path / "B.log"))

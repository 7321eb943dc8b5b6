"""A recognizer in a subprocess: its failures are one line, and it leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from pydantic import BaseModel

from wergate.errors import SuiteError
from wergate.recognizers.subprocess.client import Client

PROLOGUE = """
import os, sys, time
from pydantic import BaseModel
from wergate.recognizers.subprocess.serving import serve


class Said(BaseModel):
    said: str


class Other(BaseModel):
    other: str = "kind of answer"


def answers(lines):
    word = next(lines).split('"')[3]
    open(os.environ["STARTED"], "w").write(str(os.getpid()))
    print("a library's chatter", flush=True)
    yield Said(said=word)
    for line in lines:
"""
EPILOGUE = """
        yield Said(said=line.split('"')[3].upper())


serve(answers)
"""


class Said(BaseModel):
    """Order, question and answer alike."""

    said: str


class Asked(Client[Said]):
    """Runs the module that the test has written."""

    _module = "worker"
    _remedy = "be patient"

    def ask(self, said: str) -> str:
        """Put a question."""
        return self._ask(Said(said=said), Said).said


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the folders of processes in one of their own, which is to be empty again."""
    folder = tmp_path / "folders"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def start(tmp_path: Path, body: str) -> Asked:
    """Start a process that runs the body for each question, before it answers.

    Whether Python buffers what it prints is the product's choice here, not that of whoever runs the tests.
    """
    lines = "\n".join(f"        {line}" for line in body.splitlines())
    (tmp_path / "worker.py").write_text(PROLOGUE + lines + EPILOGUE)
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    environment = {**inherited, "PYTHONPATH": str(tmp_path), "STARTED": str(tmp_path / "pid")}
    return Asked(Said(said="order"), Said, environment=environment, name="x", patience_s=60.0)


def is_gone(tmp_path: Path) -> bool:
    """Return whether the process has ended and was waited for."""
    pid = int((tmp_path / "pid").read_text())
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_it_answers_until_nothing_more_is_asked(tmp_path: Path, folders: Path) -> None:
    """Whatever libraries print meanwhile, and in any alphabet; at the end process and files are gone."""
    with start(tmp_path, "print('more chatter')") as asked:
        assert asked.opening.said == "order"
        assert [asked.ask("one"), asked.ask("zwölf")] == ["ONE", "ZWÖLF"]
        assert not is_gone(tmp_path)
    assert is_gone(tmp_path)
    assert not list(folders.iterdir())


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise ValueError('no such thing')", "ValueError: no such thing"),
        ("print('its last words'); os._exit(3)", "its last words"),
        ("os.kill(os.getpid(), 9)", "a library's chatter"),
        ("sys.stdout.flush(); os.truncate(2, 0); os._exit(3)", "its process ended with code 3"),
        ("yield Other()", """it answered '{"other":"kind of answer"}': a library's chatter"""),
        ("print('why', flush=True); os.write(4, b'[1, 2\\n')", "it answered '[1, 2': why"),
        ("os.write(4, b'{'); os._exit(1)", "a library's chatter"),
    ],
)
def test_what_goes_wrong_is_told_in_one_line(body: str, message: str, tmp_path: Path, folders: Path) -> None:
    """By itself where it can, otherwise by the last line of what it printed, or by its exit code.

    The process answers on descriptor 4, the copy of its standard output.
    """
    with start(tmp_path, body) as asked, pytest.raises(SuiteError, match=f"^x cannot be run: {re.escape(message)}$"):
        asked.ask("one")
    assert is_gone(tmp_path)
    assert not list(folders.iterdir())


def test_a_module_that_cannot_be_imported_is_told(tmp_path: Path, folders: Path) -> None:
    """Nothing remains of a process that never took its order."""
    (tmp_path / "worker.py").write_text("import absent")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with pytest.raises(SuiteError, match=r"^x cannot be run: ModuleNotFoundError: No module named 'absent'$"):
        Asked(Said(said="order"), Said, environment=environment, name="x", patience_s=60.0)
    assert not list(folders.iterdir())


def test_patience_has_an_end(tmp_path: Path, folders: Path) -> None:
    """The message says what helps."""
    with start(tmp_path, "time.sleep(60)") as asked:
        asked._patience_s = 0.2
        with pytest.raises(SuiteError, match=r"^x cannot be run: no answer within 0.2 s; be patient$"):
            asked.ask("one")
    assert is_gone(tmp_path)
    assert not list(folders.iterdir())


INTERRUPTED = """
import signal
import sys
from pathlib import Path

from tests.recognizers.test_subprocess import start

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would ignore it
with start(Path(sys.argv[1]), "open(os.environ['STARTED'] + '-asked', 'w'); time.sleep(60)") as asked:
    asked.ask("one")
"""


def test_an_interrupt_leaves_nothing(tmp_path: Path, folders: Path) -> None:
    """Ctrl-C while a question is being answered ends the process at once, though it does not hear of it itself."""
    environment = {**os.environ, "TMPDIR": str(folders), "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, tmp_path], env=environment, start_new_session=True
    ) as run:
        deadline = time.monotonic() + 60.0
        while not (tmp_path / "pid-asked").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        assert run.wait(timeout=8.0) != 0  # sooner than an idle process is waited for
    assert is_gone(tmp_path)
    assert not list(folders.iterdir())


def test_an_interrupt_at_the_start_leaves_nothing(
    tmp_path: Path, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before there is anything that a `with` statement could end."""

    def interrupted(self: Client[Said], question: str) -> str:
        answer = reply(self, question)
        raise KeyboardInterrupt(answer)

    reply = Client._reply
    monkeypatch.setattr(Client, "_reply", interrupted)
    with pytest.raises(KeyboardInterrupt):
        start(tmp_path, "pass")
    assert is_gone(tmp_path)
    assert not list(folders.iterdir())

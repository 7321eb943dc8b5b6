"""The progress of long steps: a line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import io
import os
import pty
import re
import termios
from collections.abc import Iterator
from threading import Event

from fixtures.progress import line_progress, plain_progress


class Stream(io.StringIO):
    """A log that says when something was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = Event()

    def write(self, text: str) -> int:
        count = super().write(text)
        self.written.set()
        return count


def until_written(stream: Stream, count: int) -> Iterator[int]:
    """Yield numbers; the last one once the log has a line."""
    yield from range(count - 1)
    stream.written.clear()  # a slow machine may have written a line before
    assert stream.written.wait(10)
    yield count


def test_a_log_has_plain_lines() -> None:
    """Step, done of total, time left; every item passes through."""
    stream = Stream()
    assert [*range(44), 45] == list(plain_progress(stream, 0.01)(until_written(stream, 45), "quantizing m", 120))
    assert re.fullmatch(r"(\nquantizing m: \d+ of 120(, 0:00 left)?\n)+", stream.getvalue())
    assert "\nquantizing m: 44 of 120, 0:00 left\n" in stream.getvalue()


def test_a_step_of_one_item_says_how_long_it_takes() -> None:
    """Nobody knows how much of it is done."""
    stream = Stream()
    list(plain_progress(stream, 0.01)(until_written(stream, 1), "quantizing m", 1))
    assert re.match(r"\nquantizing m: 0:00 so far\n", stream.getvalue())


def test_a_short_step_leaves_a_log_alone() -> None:
    """It ends before the first line is due, also where its reader stops early."""
    stream = Stream()
    for _ in plain_progress(stream, 30.0)(range(5), "reading", 5):
        break
    assert [*range(5)] == list(plain_progress(stream, 30.0)(range(5), "reading", 5))
    assert stream.getvalue() == ""


def test_a_terminal_has_one_line_which_is_put_back() -> None:
    """No line break is written, and what pytest had written is there again."""
    covered = "accuracy/test_wer.py ."
    reading, writing = pty.openpty()
    termios.tcsetwinsize(writing, (24, 80))
    with os.fdopen(writing, "w") as terminal:
        list(line_progress(terminal, lambda: covered)(range(3), "pytorch on embedded:clean", 3))
        text = ""
        while not text.endswith(covered):  # a read returns what has arrived
            text += os.read(reading, 10_000).decode()
    os.close(reading)
    assert text.startswith("\r\x1b[K")
    assert "pytorch on embedded:clean: 0 of 3" in text
    assert "\n" not in text
    assert text.endswith(f"\r{covered}")

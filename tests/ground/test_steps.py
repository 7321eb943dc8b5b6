"""An exception of another library that leaves a step becomes one line; one of our own code passes."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import dataclass

import numpy as np
import pytest

from wergate.errors import SuiteError
from wergate.steps import StepError, end_of, is_foreign, lacks_memory, said, step, stopped

LIBRARY = "Exception from src/inference/src/cpp/core.cpp:107:\nCheck 'found' failed at src/core/src/op.cpp:9:\n"


@dataclass(frozen=True)
class Case:
    """An exception, what the line says of it, and a part of the next step."""

    id: str
    error: Exception
    said: str
    remedy: str


CASES = (
    Case("OpenVINO", RuntimeError(f"{LIBRARY}no such operation: Foo\n\n"), "no such operation: Foo", "--quantizer"),
    Case("nothing said", RuntimeError(), "RuntimeError", "--details"),
    Case("its first line", RuntimeError("the reason\nmany\nmore lines"), "the reason", "--details"),
    Case("ONNX Runtime", RuntimeError("[ONNXRuntimeError] : 1 : FAIL : no kernel"), "FAIL : no kernel", "--details"),
    Case("no memory", MemoryError(), "out of memory", "free some memory"),
    Case(
        "no memory in a library", RuntimeError(f"{LIBRARY}std::bad_alloc"), "out of memory (std::bad_alloc)", "--limit"
    ),
    Case("an array", np._core._exceptions._ArrayMemoryError((9,), np.dtype("f4")), "out of memory", "free some memory"),
    Case("a full disk", OSError(errno.ENOSPC, "", "/x/y"), "No space left on device: '/x/y'", "TMPDIR"),
    Case("a large file", OSError(errno.EFBIG, ""), "File too large", "free some space"),
    Case(
        "a full disk in a library",
        RuntimeError("write: No space left on device"),
        "write: No space left",
        "--cache-dir",
    ),
    Case(
        "a removed file",
        FileNotFoundError(errno.ENOENT, "", "/a.bin"),
        "No such file or directory: '/a.bin'",
        "restore",
    ),
    Case("a removed file in a library", RuntimeError(f"{LIBRARY}Can not open file a.bin"), "Can not open", "restore"),
    Case("one of several", ExceptionGroup("two", [RuntimeError("first"), ValueError("second")]), "first", "--details"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_line_has_the_step_the_reason_and_the_next_step(case: Case) -> None:
    """Without locations in the code of the library, however many lines it writes."""
    with pytest.raises(StepError) as raised, step("quantization of 'tiny'"):
        raise case.error
    line = str(raised.value)
    assert "\n" not in line
    assert line.startswith(f"quantization of 'tiny' stopped: {case.said}"), line
    assert case.remedy in line.partition("; ")[2]
    assert "src/" not in line
    assert ("quantization of 'tiny'", case.error) == (raised.value.step, raised.value.__cause__)


def test_a_long_message_is_cut() -> None:
    """A library may print a whole graph."""
    assert 310 > len(said(RuntimeError("x" * 10_000)))


def test_the_innermost_step_is_named() -> None:
    """It knows most; a mistake of the user keeps its own message."""
    with pytest.raises(StepError, match=r"^inner stopped"), step("outer"), step("inner"):
        raise RuntimeError("reason")
    with pytest.raises(SuiteError, match=r"^a mistake$"), step("outer"):
        raise SuiteError("a mistake")


def test_a_fault_of_our_own_passes() -> None:
    """Its traceback is needed; so do interrupts."""
    for error in (TypeError("ours"), KeyboardInterrupt(), SystemExit()):
        with pytest.raises(type(error)), step("outer"):
            _raise_as_ours(error)


def _raise_as_ours(error: BaseException) -> None:
    """Raise an exception from a frame whose file is below the package."""
    file = os.path.join(os.path.dirname(said.__code__.co_filename), "made_up.py")  # noqa: PTH118, PTH120
    exec(compile("raise error", file, "exec"), {"error": error})  # noqa: S102 - the line above


def test_a_library_is_known_by_its_exceptions_and_its_frames() -> None:
    """A class of its own, or a builtin class that was raised in its code."""
    found: list[BaseException] = []
    for text in ("{", "[[1], [2, 3]]"):
        try:
            np.stack([np.zeros(2), np.zeros(3)]) if text != "{" else json.loads(text)
        except Exception as error:  # noqa: BLE001 - whatever the two raise
            found.append(error)
    assert [True, True] == [is_foreign(error) for error in found]
    with pytest.raises(KeyError) as ours:
        _raise_as_ours(KeyError("ours"))
    assert not is_foreign(ours.value)


def test_shortage_is_told_from_a_fault_of_the_model() -> None:
    """Only then is the model not to blame."""
    assert lacks_memory(RuntimeError("Failed to allocate memory for requested buffer"))
    assert lacks_memory(OSError(errno.ENOMEM, ""))
    assert not lacks_memory(RuntimeError("unsupported operation"))


@pytest.mark.parametrize(
    ("code", "text"),
    [(3, "ended with code 3"), (-11, "killed by SIGSEGV"), (-9, "killed by SIGKILL, as the kernel does")],
)
def test_the_end_of_a_process_has_a_name(code: int, text: str) -> None:
    """The signal of the kernel that lacks memory has its meaning with it."""
    assert text in end_of(code)


def test_what_stopped_is_one_line_whatever_was_raised() -> None:
    """Also for an exception that was never raised, and so has no traceback."""
    assert "x stopped: KeyError: 'k'; try another model" in str(stopped("x", KeyError("k")))

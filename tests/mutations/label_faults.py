"""Faults in the frontend that is stored with the IR: sampling rate, labels, blank."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.mutations.fault import Fault, Scratch

Frontend = dict[str, Any]


def in_frontend(change: Callable[[Frontend], None]) -> Callable[[Scratch], None]:
    """Return a function that changes the frontend of the model and updates its checksums."""
    return partial(_edit_frontend, change)


def _edit_frontend(change: Callable[[Frontend], None], scratch: Scratch) -> None:
    path = scratch.artifact("fp16-ir") / "frontend.json"
    frontend = json.loads(path.read_text())
    change(frontend)
    path.write_text(json.dumps(frontend))
    scratch.resign("fp16-ir")


def skip_normalization(frontend: Frontend) -> None:
    assert frontend["normalize"]
    frontend["normalize"] = False


def shift_labels(frontend: Frontend) -> None:
    labels = frontend["alphabet"]["labels"]
    frontend["alphabet"]["labels"] = [*labels[1:], labels[0]]


def swap_blank_and_space(frontend: Frontend) -> None:
    alphabet = frontend["alphabet"]
    blank, space = alphabet["labels"][alphabet["blank_id"]], alphabet["word_delimiter"]
    alphabet["blank_id"], alphabet["word_delimiter"] = alphabet["labels"].index(space), blank


FAULTS = (
    Fault("a normalization step skipped", "sqnr_db", in_frontend(skip_normalization)),
    Fault("a vocabulary off by one", "wer", in_frontend(shift_labels)),
    Fault("blank and space swapped", "wer", in_frontend(swap_blank_and_space)),
)

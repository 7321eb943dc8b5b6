"""Faults in stored baselines: figures edited by hand, so that a worse model passes or a good one fails."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.mutations.fault import ROOT, Fault, Scratch


def in_baseline(name: str, change: Callable[[Any], None]) -> Callable[[Scratch], None]:
    """Return a function that changes a copy of an accuracy baseline and makes the run use the copy."""
    return partial(_edit, name, change)


def _edit(name: str, change: Callable[[Any], None], scratch: Scratch) -> None:
    folder = scratch.folder / "baselines"
    shutil.copytree(ROOT / "accuracy" / "baselines", folder)
    content = json.loads((folder / name).read_text())
    change(content)
    (folder / name).write_text(json.dumps(content))
    scratch.options.append(f"--baselines={folder}")


def allow_more_errors(content: Any) -> None:
    for machines in content["entries"].values():
        for entry in machines.values():
            entry["counts"]["substitutions"] += 20


def allow_a_layer_less(content: Any) -> None:
    for counts in content.values():
        counts["int8_weights"] = max(0, counts["int8_weights"] - 1)


FAULTS = (
    Fault(
        "a baseline edited by hand: twenty errors more allowed",
        "test_word_errors_are_not_more_than_stored",
        in_baseline("wer.json", allow_more_errors),
    ),
    Fault(
        "a baseline edited by hand: one layer less in 8 bit",
        "int8_weights",
        in_baseline("graph.json", allow_a_layer_less),
    ),
)

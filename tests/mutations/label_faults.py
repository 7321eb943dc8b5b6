"""Faults in the frontend that is stored with the IR: sampling rate, labels, blank."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from tests.mutations.corpus_edits import rows
from tests.mutations.corpus_faults import evaluate_on
from tests.mutations.fault import Fault, Scratch
from wergate.evaluation import inference
from wergate.models.variant import Variant
from wergate.networks.alphabet import Alphabet
from wergate.session.models import Models

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


def swap_letters(one: str, other: str, frontend: Frontend) -> None:
    labels = frontend["alphabet"]["labels"]
    first, second = labels.index(one), labels.index(other)
    labels[first], labels[second] = other, one


def swap_on_one_side(_: Scratch) -> None:
    """Swap Q and Z in the alphabet of INT8 alone."""
    made = Models.variant

    def swapped(*given: Any) -> Variant:
        variant = made(*given)
        labels = tuple({"Q": "Z", "Z": "Q"}.get(label, label) for label in variant.frontend.alphabet.labels)
        alphabet = replace(variant.frontend.alphabet, labels=labels)
        return replace(variant, frontend=replace(variant.frontend, alphabet=alphabet))

    Models.variant = swapped


def swap_in_the_text(_: Scratch) -> None:
    """Swap X and Z in what every alphabet writes; its labels stay."""
    text = Alphabet.text
    Alphabet.text = lambda self, ids: text(self, ids).translate(str.maketrans("XZ", "ZX"))


def decode_one_side_wrongly(_: Scratch) -> None:
    """Swap E and T in the transcripts of INT8 alone, after decoding; its alphabet stays."""
    decode = inference.greedy_decode
    inference.greedy_decode = lambda *given: decode(*given).translate(str.maketrans({"E": "T", "T": "E"}))


def swap_in_the_references(scratch: Scratch) -> None:
    """Swap G and K in the references: the same as in the vocabulary of the checkpoint."""
    evaluate_on(scratch, [row | {"text": row["text"].translate(str.maketrans("GK", "KG"))} for row in rows("other")])


_ALPHABET = ("accuracy/test_alphabet.py",)

FAULTS = (
    Fault(
        "J and Q swapped on both sides",
        "alphabet_differs",
        in_frontend(partial(swap_letters, "J", "Q")),
        _ALPHABET,
    ),
    Fault("Q and Z swapped on the side of INT8", "alphabet_differs", swap_on_one_side, _ALPHABET),
    Fault("X and Z swapped in what both sides write", "alphabet_differs", swap_in_the_text, _ALPHABET),
    Fault("E and T swapped in the transcripts of INT8", "decoding_differs", decode_one_side_wrongly, _ALPHABET),
    Fault("G and K swapped in the vocabulary itself", "letter_recall", swap_in_the_references, _ALPHABET),
    Fault("a normalization step skipped", "sqnr_db", in_frontend(skip_normalization)),
    Fault("a vocabulary off by one", "wer", in_frontend(shift_labels)),
    Fault("blank and space swapped", "wer", in_frontend(swap_blank_and_space)),
)

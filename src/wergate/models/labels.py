"""The alphabet of a network that comes without a tokenizer: its labels and what they are for, found or given."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wergate.errors import SuiteError, did_you_mean
from wergate.models.label_files import LabelFiles
from wergate.networks.alphabet import Alphabet, Units

_WORD_START = "\u2581"  # SentencePiece's mark
_BLANKS = ("<blk>", "<blank>", "<ctc_blank>", "<ctc>", "[blank]", "<pad>", "[pad]", "<eps>", "<epsilon>")
_BLANKS_AT_AN_END = ("_", "-")  # elsewhere they are labels like any other
_FAIRSEQ = ("<s>", "<pad>", "</s>", "<unk>")  # its dictionaries begin so, and its CTC takes the first for the blank
_WORD_DELIMITERS = ("|", " ", "<space>", "[space]")
_SPECIAL = re.compile(r"<[^<>]+>|\[[^\[\]]+\]")
_BYTE = re.compile(r"<0x[0-9A-Fa-f]{2}>")  # SentencePiece's byte fallback: such labels do stand for text
_PHONEME_TOKENIZER = "Wav2Vec2PhonemeCTCTokenizer"


@dataclass(frozen=True)
class LabelOptions:
    """What a person says of the labels; None: to be found.

    Attributes:
        labels: their file.
        blank: the blank as a label or an id.
        word_delimiter: the label between words.
        units: what a label stands for.
    """

    labels: Path | None = None
    blank: str | None = None
    word_delimiter: str | None = None
    units: Units | None = None


def read_alphabet(files: LabelFiles, options: LabelOptions) -> Alphabet:
    """Read labels and tell the blank, what parts words, and the units.

    Raises:
        SuiteError: labels that cannot be read, a blank or word delimiter that is none of them, or no telling the blank.
    """
    labels = files.read()
    blank_id = _blank_id(labels, files, options.blank)
    delimiter = _word_delimiter(labels, files, options.word_delimiter)
    special = _special(labels, files, {labels[blank_id], delimiter})
    spoken = [label for label in labels if label not in {*special, labels[blank_id], delimiter}]
    marked = any(label.startswith(_WORD_START) for label in spoken)
    units = options.units or _units(spoken, files)
    return Alphabet(
        labels,
        blank_id,
        delimiter,
        word_start=_WORD_START if marked else None,
        units=units,
        joiner=" " if units == "phonemes" else "",
        delimiter_text=None if units == "phonemes" else " ",
        lower_case=bool(files.hints.get("do_lower_case", False)),
        special=special,
    )


def _blank_id(labels: Sequence[str], files: LabelFiles, given: str | None) -> int:
    if given is not None:
        return _given_blank(labels, files, given)
    told = files.role("pad_token")
    if told is not None:
        return _place(labels, told, f"blank '{told}' of the tokenizer files beside", files, "--blank")
    if tuple(labels[: len(_FAIRSEQ)]) == _FAIRSEQ:
        return 0
    folded = [label.casefold() for label in labels]
    for name in _BLANKS:
        if name in folded:
            return folded.index(name)
    for place in (0, len(labels) - 1):
        if labels[place] in _BLANKS_AT_AN_END:
            return place
    raise SuiteError(
        f"no blank can be told among the {len(labels)} labels of '{files.labels.name}', {_excerpt(labels)}; "
        f"{', '.join(_BLANKS)} are known; name it with --blank LABEL_OR_ID"
    )


def _given_blank(labels: Sequence[str], files: LabelFiles, given: str) -> int:
    """Return the place of a blank given as a label, or else as an id."""
    if given not in labels and given.isdecimal() and int(given) < len(labels):
        return int(given)
    return _place(labels, given, f"blank '{given}'", files, "--blank")


def _word_delimiter(labels: Sequence[str], files: LabelFiles, given: str | None) -> str | None:
    if given is not None:
        return labels[_place(labels, given, f"word delimiter '{given}'", files, "--word-delimiter")]
    told = files.role("word_delimiter_token")
    known = [told] if told in labels else [label for label in _WORD_DELIMITERS if label in labels]
    marked = any(label.startswith(_WORD_START) for label in labels)
    return None if marked or not known else known[0]  # beside marks at word starts, "|" is a label like any other


def _place(labels: Sequence[str], wanted: str, subject: str, files: LabelFiles, option: str) -> int:
    if wanted in labels:
        return labels.index(wanted)
    hint = did_you_mean(wanted, labels)
    raise SuiteError(
        f"{subject} is not in the labels{hint}; one of the {len(labels)} labels of '{files.labels.name}' is accepted, "
        f"{_excerpt(labels)}; check {option}"
    )


def _excerpt(labels: Sequence[str]) -> str:
    shown = labels if len(labels) <= 8 else [*labels[:4], "...", *labels[-3:]]  # noqa: PLR2004 - both ends of many
    return " ".join(shown)


def _special(labels: Sequence[str], files: LabelFiles, used: set[str | None]) -> tuple[str, ...]:
    """Return the labels that stand for no text: by the tokenizer files, or by their brackets."""
    bracketed = {label for label in labels if _SPECIAL.fullmatch(label) and not _BYTE.fullmatch(label)}
    return tuple(label for label in labels if label in bracketed | files.special and label not in used)


def _units(spoken: Sequence[str], files: LabelFiles) -> Units:
    if files.hints.get("tokenizer_class") == _PHONEME_TOKENIZER:
        return "phonemes"
    longest = max((len(label) for label in spoken), default=1)
    return "subwords" if longest > 1 else "letters"

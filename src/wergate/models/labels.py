"""Alphabet of a network without a tokenizer: its labels and their roles, detected or given by the user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wergate.errors import SuiteError, did_you_mean
from wergate.models.label_files import LabelFiles
from wergate.networks.alphabet import Alphabet, Units, special_labels

_WORD_START = "\u2581"  # SentencePiece's mark at word starts
_BLANKS = ("<blk>", "<blank>", "<ctc_blank>", "<ctc>", "[blank]", "<pad>", "[pad]", "<eps>", "<epsilon>")
_BLANKS_AT_AN_END = ("_", "-")  # the blank only as first or last label, elsewhere ordinary labels
_FAIRSEQ = ("<s>", "<pad>", "</s>", "<unk>")  # first labels of fairseq's dictionaries; its CTC blank is the first one
_WORD_DELIMITERS = ("|", " ", "<space>", "[space]")
_PHONEME_TOKENIZER = "Wav2Vec2PhonemeCTCTokenizer"


@dataclass(frozen=True)
class LabelOptions:
    """The user's options for labels; None means that the value is detected.

    Attributes:
        labels: the label file.
        blank: the blank as a label or an id.
        word_delimiter: the label between words.
        units: the kind of unit that a label represents.
    """

    labels: Path | None = None
    blank: str | None = None
    word_delimiter: str | None = None
    units: Units | None = None


def read_alphabet(files: LabelFiles, options: LabelOptions, *, outputs: int | None = None) -> Alphabet:
    """Read labels and detect the blank, the word delimiter or word start, and the units.

    Args:
        files: the label file and tokenizer files.
        options: the user's options.
        outputs: number of logits per frame. If there is one more than labels, and no label is a blank, the last logit
            is the blank's, as in NeMo.

    Raises:
        SuiteError: the labels cannot be read, the blank or the word delimiter is not one of them, or no blank is found.
    """
    labels = files.read()
    if outputs == len(labels) + 1 and not _blank_is_listed(labels, files, options.blank):
        labels, blank_id = (*labels, _unlisted_blank(labels, files, options.blank)), len(labels)
    else:
        blank_id = _blank_id(labels, files, options.blank)
    delimiter = _word_delimiter(labels, files, options.word_delimiter)
    special = special_labels(labels, files.special, {labels[blank_id], delimiter})
    textual = [label for label in labels if label not in {*special, labels[blank_id], delimiter}]
    marked = any(label.startswith(_WORD_START) for label in textual)
    units = options.units or _units(textual, files)
    return Alphabet(
        labels,
        blank_id,
        delimiter,
        word_start=_WORD_START if marked else None,
        units=units,
        joiner=" " if units == "phonemes" else "",
        delimiter_text=None if units == "phonemes" else str(files.hints.get("replace_word_delimiter_char") or " "),
        lower_case=bool(files.hints.get("do_lower_case", False)),
        clean_up=bool(files.hints.get("clean_up_tokenization_spaces", False)),
        special=special,
    )


def _blank_is_listed(labels: Sequence[str], files: LabelFiles, given: str | None) -> bool:
    """Return whether the blank is one of the labels, or the user says so."""
    if given is not None and given.isdecimal():
        return given != str(len(labels))
    if given in labels:
        return True
    try:
        _blank_id(labels, files, None)
    except SuiteError:
        return False
    return True


def _unlisted_blank(labels: Sequence[str], files: LabelFiles, given: str | None) -> str:
    """Return a name for a blank that the label file does not list."""
    named = given if given is not None and not given.isdecimal() else files.role("pad_token")
    return named or next(name for name in _BLANKS if name not in labels)


def _blank_id(labels: Sequence[str], files: LabelFiles, given: str | None) -> int:
    if given is not None:
        return _given_blank(labels, files, given)
    padding = files.role("pad_token")
    if padding is not None:
        return _index(labels, padding, f"blank '{padding}' of the tokenizer files", files, "--blank")
    if tuple(labels[: len(_FAIRSEQ)]) == _FAIRSEQ:
        return 0
    folded = [label.casefold() for label in labels]
    for name in _BLANKS:
        if name in folded:
            return folded.index(name)
    for index in (0, len(labels) - 1):
        if labels[index] in _BLANKS_AT_AN_END:
            return index
    raise SuiteError(
        f"no CTC blank found among the {len(labels)} labels of '{files.labels.name}' ({_excerpt(labels)}); "
        f"known blanks are {', '.join(_BLANKS)}; give it with --blank LABEL_OR_ID"
    )


def _given_blank(labels: Sequence[str], files: LabelFiles, given: str) -> int:
    """Return the index of a blank that is given as a label or, if there is no such label, as an id."""
    if given not in labels and given.isdecimal() and int(given) < len(labels):
        return int(given)
    return _index(labels, given, f"blank '{given}'", files, "--blank")


def _word_delimiter(labels: Sequence[str], files: LabelFiles, given: str | None) -> str | None:
    if given is not None:
        return labels[_index(labels, given, f"word delimiter '{given}'", files, "--word-delimiter")]
    delimiter = files.role("word_delimiter_token")
    known = [delimiter] if delimiter in labels else [label for label in _WORD_DELIMITERS if label in labels]
    marked = any(label.startswith(_WORD_START) for label in labels)
    return None if marked or not known else known[0]  # if labels mark word starts, "|" is an ordinary label


def _index(labels: Sequence[str], wanted: str, subject: str, files: LabelFiles, option: str) -> int:
    if wanted in labels:
        return labels.index(wanted)
    hint = did_you_mean(wanted, labels)
    raise SuiteError(
        f"{subject} is not in the labels{hint}; one of the {len(labels)} labels of '{files.labels.name}' is accepted "
        f"({_excerpt(labels)}); check {option}"
    )


def _excerpt(labels: Sequence[str]) -> str:
    shown = labels if len(labels) <= 8 else [*labels[:4], "...", *labels[-3:]]  # noqa: PLR2004 - first and last labels
    return " ".join(shown)


def _units(textual: Sequence[str], files: LabelFiles) -> Units:
    if files.hints.get("tokenizer_class") == _PHONEME_TOKENIZER:
        return "phonemes"
    longest = max((len(label) for label in textual), default=1)
    return "subwords" if longest > 1 else "letters"

"""Gates on the alphabet: labels, decoding and errors by letter.

A label in the wrong place on both sides of a comparison leaves parity as it was. It shows against the model's own
files, and in the letters that the reference model never writes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wergate.evaluation.evaluation import Evaluation
from wergate.evaluation.letters import LetterCounts
from wergate.evaluation.wer import count_character_errors
from wergate.networks.alphabet import Alphabet
from wergate.networks.ctc import greedy_decode
from wergate.verdict import Verdict

_SHOWN = 3
_FEWEST = 8  # occurrences of a letter: with fewer, even none recognized leaves half of them possible
_CLEANED = 4  # characters around a label that the clean-up of spaces may change
_RECALL_MIN = 0.6  # of the median letter: below it, the model recognizes too little of any


@dataclass(frozen=True)
class LabelDifference:
    """A logit whose label or text is not that of the model's own files.

    Attributes:
        logit: index of the logit.
        written: its label in the files; None if they have none.
        label: its label in the alphabet.
        text: what a frame with this best logit decodes to.
    """

    logit: int
    written: str | None
    label: str
    text: str

    @property
    def words(self) -> str:
        """The difference in words."""
        listed = "not listed" if self.written is None else f"'{self.written}'"
        if self.written != self.label:
            return f"logit {self.logit} is {listed} there and '{self.label}' here"
        return f"logit {self.logit} is {listed}, but decodes as '{self.text}'"


def label_differences(alphabet: Alphabet, written: Mapping[int, str]) -> tuple[LabelDifference, ...]:
    """Compare an alphabet, and how it decodes each single label, with the labels of the model's own files.

    Args:
        alphabet: the alphabet that transcripts are decoded with.
        written: labels by logit, as the files list them. The blank may be missing there.
    """
    found = (_difference(alphabet, written, logit) for logit in range(len(alphabet.labels)))
    return tuple(difference for difference in found if difference is not None)


def _difference(alphabet: Alphabet, written: Mapping[int, str], logit: int) -> LabelDifference | None:
    own, label = written.get(logit), alphabet.labels[logit]
    if own is None and logit == alphabet.blank_id:
        return None
    frame = np.full((1, len(alphabet.labels)), -1.0, np.float32)
    frame[0, logit] = 1.0
    text = greedy_decode(frame, alphabet)
    silent = {alphabet.blank, alphabet.word_delimiter, *alphabet.special}
    same = own == label and (label in silent or own is None or text == _text_of(own, alphabet))
    return None if same else LabelDifference(logit, own, label, text)


def _text_of(label: str, alphabet: Alphabet) -> str:
    """Return the transcript that is one label."""
    text = label.replace(alphabet.word_start, " ") if alphabet.word_start else label
    text = text.strip()
    return text.lower() if alphabet.lower_case else text


def alphabet_verdict(differences: Sequence[LabelDifference], *, labels: int, subject: str, model: str) -> Verdict:
    """Gate the number of logits whose label or text is not that of the model's own files.

    Args:
        differences: as `label_differences` returns them.
        labels: number of labels.
        subject: the variant or the engine that decodes with the alphabet.
        model: name of the model.
    """
    shown = "; ".join(difference.words for difference in differences[:_SHOWN])
    return Verdict(
        gate="alphabet_differs",
        subject=subject,
        value=len(differences),
        relation="==",
        threshold=0,
        basis=f"{labels} labels compared with the model's own files{f': {shown}' if shown else ''}",
        scope=model,
        remedy="all transcripts are in another alphabet than the model's: build the IR again, and check what edits its "
        "labels or decodes them",
    )


def decoding_verdict(evaluation: Evaluation) -> Verdict:
    """Gate the number of utterances whose transcripts differ more than their changed frames explain.

    One frame with another best label adds, removes or replaces at most two labels of the transcript.
    """
    per_frame = 2 * _longest_text(evaluation.variant.frontend.alphabet)
    edits = count_character_errors(
        references=[outcome.reference_hypothesis for outcome in evaluation.outcomes],
        hypotheses=[outcome.hypothesis for outcome in evaluation.outcomes],
    )
    pairs = zip(evaluation.outcomes, edits, strict=True)
    wrong = [outcome for outcome, found in pairs if found > per_frame * outcome.logits.flipped_frames]
    first = ""
    if wrong:
        first = (
            f"; first: '{wrong[0].id}', with {wrong[0].logits.flipped_frames} changed frames: "
            f"'{wrong[0].reference_hypothesis}' is now '{wrong[0].hypothesis}'"
        )
    return Verdict(
        gate="decoding_differs",
        subject=evaluation.variant.subject,
        value=len(wrong),
        relation="==",
        threshold=0,
        basis=f"{len(evaluation.outcomes)} transcripts compared with those of {evaluation.engine}{first}",
        scope=evaluation.scope,
        remedy="equal labels give other text: the two sides decode differently, or a transcript was changed later",
    )


def _longest_text(alphabet: Alphabet) -> int:
    """Return the most characters that one label adds to a transcript, with what joins or cleans it."""
    silent = {alphabet.blank, *alphabet.special}
    longest = max((len(_text_of(label, alphabet)) for label in alphabet.labels if label not in silent), default=1)
    spaces = (alphabet.word_start is not None) + len(alphabet.joiner)
    return max(1, longest) + spaces + (_CLEANED if alphabet.clean_up else 0)


def letter_verdict(counts: LetterCounts, threshold: float, *, subject: str, scope: str) -> Verdict | None:
    """Gate the letter of the references that the reference model recognizes worst, against its median letter.

    The value is the upper end of the 95 % interval (Clopper and Pearson) of the letter's recall, over the median
    recall. A letter counts if it is frequent enough, unless another one is written for it that is itself recognized
    where it was said: then it is an accent or a spelling, and no label in the wrong place. There is no verdict without
    a letter to judge, or if the model recognizes too little of any.

    Args:
        counts: what is written for each letter of the references.
        threshold: smallest accepted value.
        subject: engine of the reference model.
        scope: model, corpus and amount of evidence.
    """
    frequent = [letter for letter, count in counts.occurrences.items() if count >= _FEWEST]
    median = float(np.median([counts.recall(letter) for letter in frequent])) if frequent else 0.0
    bounds = {letter: counts.recall_bound(letter) / median for letter in frequent if median >= _RECALL_MIN}
    bounds = {letter: bound for letter, bound in bounds.items() if bound >= threshold or _is_misplaced(counts, letter)}
    if not bounds:
        return None
    worst = min(bounds, key=bounds.__getitem__)
    other = counts.most_written_for(worst)
    instead = f", most often written as '{other}'" if other else ""
    return Verdict(
        gate="letter_recall",
        subject=subject,
        value=bounds[worst],
        relation=">=",
        threshold=threshold,
        basis=f"'{worst}': {counts.hits(worst)} of {counts.occurrences[worst]} recognized{instead}; median "
        f"{median:.2f} of {len(frequent)} letters",
        scope=scope,
        remedy="the reference model hardly ever writes this letter: check the order of the labels in its vocabulary; "
        "if the model is that bad at it, lower thresholds.letter_recall_min",
    )


def _is_misplaced(counts: LetterCounts, letter: str) -> bool:
    """Return whether what is written for a letter is not recognized where it was said itself."""
    other = counts.most_written_for(letter)
    return not counts.occurrences.get(other) or counts.recall(other) < _RECALL_MIN

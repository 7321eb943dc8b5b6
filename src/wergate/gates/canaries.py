"""Canaries: known-bad inputs for the gates, each just beyond a threshold. A gate that passes one is broken.

Canaries are built from the thresholds as the configuration states them. They reveal a gate that is looser than stated,
or that always passes, in the same run in which it would otherwise miss a fault.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from wergate.config.quantization import CalibrationAudioSettings
from wergate.config.thresholds import Thresholds
from wergate.evaluation.activations import RangeComparison
from wergate.evaluation.evaluation import Evaluation, Transcripts, UtteranceOutcome
from wergate.evaluation.letters import LetterCounts
from wergate.evaluation.repetition import Repetition
from wergate.evaluation.significance.drop import WerDrop
from wergate.gates import accuracy, ir
from wergate.gates.alphabet import alphabet_verdict, decoding_verdict, label_differences, letter_verdict
from wergate.gates.buckets import BucketComparison, bucket_verdicts
from wergate.gates.calibration_audio import AudioStatistics, audio_verdicts, overlap_verdict
from wergate.gates.error_shape.gates import shape_verdicts
from wergate.gates.error_shape.shape import ErrorShape, Lengths, Range, Rise, Worst
from wergate.gates.range_baseline import stored_ranges_verdict
from wergate.gates.regression import reference_errors_verdict
from wergate.gates.streams import stream_verdict
from wergate.gates.wer import wer_verdict
from wergate.gates.wer_baseline import StoredCounts
from wergate.models.variant import Variant
from wergate.networks.alphabet import Alphabet
from wergate.networks.frontend import Frontend
from wergate.networks.ir.equivalence import GraphComparison, GraphDifference
from wergate.networks.ir.execution import ExecutedLayer, ExecutedWork
from wergate.networks.ir.precision import RunPrecision
from wergate.networks.ir.ranges import RangeWidth
from wergate.networks.ir.weights import LayerWeights
from wergate.networks.logits import LogitsDifference
from wergate.verdict import Interval, Verdict

_BEYOND = 1.02  # factor on a threshold: the smallest excess that a gate must detect
_UTTERANCES = 1000
_MANY = 1_000_000  # occurrences of a letter, so that chance explains next to nothing
_WORDS = 100  # per utterance; a rate below one error in 100 words needs longer utterances
_WORDS_MAX = 1000  # and a rate below one error in 1000 words is exceeded by more: an alignment takes quadratic time
_FRONTEND = Frontend(16_000, normalize=False, receptive_field=400, hop=320, alphabet=Alphabet(("", "A"), 0, None))


def bad_verdicts(stated: Thresholds, handed: Thresholds) -> Iterator[Verdict]:
    """Yield the verdicts of all gates on inputs just beyond the thresholds; none of them may pass.

    Args:
        stated: thresholds as the configuration states them; the inputs are built from these.
        handed: thresholds that the variants of the run carry; the gates use these.
    """
    canary = _canary(handed)
    yield from _ungated(stated, handed)
    yield wer_verdict(_dropped(_beyond(stated.wer_drop_max), canary), min_words=0)
    if stated.mismatch_rate_max < 1:  # no more than all utterances can differ
        yield accuracy.mismatch_verdict(_misheard(_beyond(stated.mismatch_rate_max), canary))
    yield accuracy.left_out_verdict(_misheard(0.0, canary), [*map(str, range(_UTTERANCES)), "canary"])
    yield from accuracy.logits_verdicts(_noisy(stated, canary))
    spot = _noisy(stated, canary).logits
    yield from accuracy.spot_verdicts(spot, spot, handed, scope="canary")
    yield accuracy.worst_delta_verdict([_beyond(stated.length_delta_max)], canary)
    yield from _bad_graph(stated, canary)
    yield from _bad_buckets(stated, canary)
    yield from _bad_decoding(canary)
    for quiet in (True, False):
        yield from _bad_shape(stated, canary, quiet=quiet)


def _canary(thresholds: Thresholds) -> Variant:
    """Return a variant that stands for the variants of the run."""
    return Variant("canary", "canary", Path(), _FRONTEND, False, "int8", thresholds, "canary", "canary")  # noqa: FBT003


def _ungated(stated: Thresholds, handed: Thresholds) -> Iterator[Verdict]:
    """Yield a verdict that passes for each threshold that is stated but not handed: nothing would fail its canary."""
    for key, threshold in stated.model_dump().items():
        if threshold is not None and getattr(handed, key) is None:
            yield Verdict(
                gate=key,
                subject="canary",
                value=math.inf,
                relation="<=",
                threshold=math.inf,
                basis=f"the configuration states {threshold:g}, but the variants carry no {key}",
                scope="canary",
                remedy="find where the threshold is lost between the settings and the variant",
            )


def bad_audio_verdicts(stated: CalibrationAudioSettings) -> Iterator[Verdict]:
    """Yield the verdicts on calibration audio that falls just short of each threshold; none of them may pass."""
    still = math.ceil((1 - stated.speech_min) * _UTTERANCES) + 1
    ranges = [stated.level_range_db_min] * (_UTTERANCES - still) + [_below(stated.level_range_db_min)] * still
    few = max(1, stated.utterances_min - 1)
    little = AudioStatistics(_below(stated.audio_s_min), (math.inf,) * few, "canary")
    flat = AudioStatistics(math.inf, tuple(ranges), "canary")
    alone = AudioStatistics(math.inf, (math.inf,) * _UTTERANCES, "canary", speakers=stated.speakers_min - 1)
    bad = {"calibration_audio_s": little, "calibration_speech": flat}
    if stated.speakers_min > 1:  # a corpus has at least one speaker
        bad["calibration_speakers"] = alone
    if stated.utterances_min > 1:  # a corpus has at least one utterance
        bad["calibration_utterances"] = little
    for gate, statistics in bad.items():
        verdicts = audio_verdicts(statistics, stated, scope="canary")
        yield from (verdict for verdict in verdicts if verdict.gate == gate)
    yield overlap_verdict([("canary", "canary")], evaluation="canary", scope="canary")


def _beyond(maximum: float) -> float:
    return maximum * _BEYOND if maximum > 0 else maximum + 1e-3


def _below(minimum: float) -> float:
    return minimum / _BEYOND if minimum > 0 else minimum - 1e-3


@dataclass(frozen=True)
class _CertainEvaluation(Evaluation):
    """An evaluation whose drop leaves nothing to chance, so that the gate compares the drop itself."""

    @cached_property
    def wer_drop(self) -> WerDrop:
        """The drop, with an interval of no width; few words would otherwise have a wide one."""
        words = self.reference.total.words
        lost = self.candidate.total.errors - self.reference.total.errors
        value = lost / words
        return WerDrop(value, Interval(value, value), math.nan, len(self.outcomes), words, 0, lost=lost)


def _dropped(rate: float, canary: Variant) -> Evaluation:
    """Return two utterances whose insertions have the given rate over all words."""
    more = math.ceil(max(0.0, rate) * _WORDS)
    text = " ".join("A" * (min(_WORDS_MAX, math.floor(more / rate)) if more else _WORDS))
    hypothesis = text + " A" * more
    difference = LogitsDifference(frames=1, values=1, signal=1.0)
    outcomes = (UtteranceOutcome(name, 1.0, text, text, hypothesis, difference) for name in ("one", "two"))
    return _CertainEvaluation(canary, "canary", "reference", "none", tuple(outcomes))


def _misheard(rate: float, canary: Variant) -> Evaluation:
    """Return utterances of one word each, with evenly spread insertions of the given rate over all words."""
    ghosts, one_more = divmod(math.ceil(max(0.0, rate) * _UTTERANCES), _UTTERANCES)
    difference = LogitsDifference(frames=1, values=1, signal=1.0)
    outcomes = (
        UtteranceOutcome(str(number), 1.0, "A", "A", "A" + " A" * (ghosts + (number < one_more)), difference)
        for number in range(_UTTERANCES)
    )
    return _evaluation(canary, *outcomes)


def _evaluation(canary: Variant, *outcomes: UtteranceOutcome) -> Evaluation:
    return Evaluation(canary, "canary", "reference", "none", outcomes)


def _noisy(stated: Thresholds, canary: Variant) -> Evaluation:
    """Return one utterance whose logits are beyond every stated threshold on logits."""
    agreement = _below(stated.argmax_agreement_min or 0.0)
    difference = LogitsDifference(
        frames=_UTTERANCES,
        values=1,
        max_abs=_beyond(stated.max_abs_delta_max or 0.0),
        sum_abs=_beyond(stated.mean_abs_delta_max or 0.0),
        signal=10 ** (_below(stated.sqnr_db_min or 0.0) / 10),
        noise=1.0,
        flipped_frames=math.ceil((1 - agreement) * _UTTERANCES),
    )
    return _evaluation(canary, UtteranceOutcome("canary", 1.0, "A", "A", "A", difference))


def _bad_graph(stated: Thresholds, canary: Variant) -> Iterator[Verdict]:
    if stated.int8_work_min > 0:
        done = math.floor(_below(stated.int8_work_min) * _UTTERANCES)
        layers = (
            ExecutedLayer("8 bit", "MatMul", "", "i8", done),
            ExecutedLayer("not", "MatMul", "", "f32", _UTTERANCES - done),
        )
        yield ir.executed_verdict(ExecutedWork(layers), canary)
    if stated.weight_error_max is not None and canary.thresholds.weight_error_max is not None:
        corrupt = [LayerWeights("canary", _beyond(stated.weight_error_max))]
        yield ir.weights_verdict(corrupt, canary.thresholds.weight_error_max, canary)
    yield from _bad_ranges(stated, canary)
    large = math.ceil(_beyond(stated.size_ratio_max) * _UTTERANCES)
    yield ir.size_verdict(canary, ir_bytes=large, weight_bytes=_UTTERANCES)
    yield from ir.count_verdicts({"fake_quantize": 1}, {"fake_quantize": 2}, canary)
    changed = GraphComparison(_UTTERANCES, _UTTERANCES, (GraphDifference("canary", "changed"),))
    yield ir.graph_verdict(changed, canary)
    yield accuracy.headline_verdict(Transcripts(1e-3, ()), subject="canary", scope="canary")
    for precision in (("f32", "bf16", ()), ("bf16", "f32", ()), ("f32", "f32", ("canary",))):
        asked, reported, half = precision
        models = [RunPrecision(None, asked, reported, 1, half)]
        yield ir.precision_verdict(models, wanted="f32", variant=canary, corpus="canary")


def _bad_decoding(canary: Variant) -> Iterator[Verdict]:
    """Yield the verdicts on two labels that changed places, on equal labels with unequal text, and on another count."""
    swapped = label_differences(_FRONTEND.alphabet, {0: "A", 1: ""})
    yield alphabet_verdict(swapped, labels=2, subject="canary", model="canary")
    same = LogitsDifference(frames=1, values=1, signal=1.0)
    evaluation = _evaluation(canary, UtteranceOutcome("canary", 1.0, "A", "A", "B", same))
    yield decoding_verdict(evaluation)
    yield reference_errors_verdict(evaluation, StoredCounts(words=1, substitutions=1, deletions=0, insertions=0))


def _bad_ranges(stated: Thresholds, canary: Variant) -> Iterator[Verdict]:
    if stated.range_bits_max is not None and canary.thresholds.range_bits_max is not None:
        for sign in (1, -1):
            off = RangeWidth("canary", sign * _beyond(stated.range_bits_max), chance=0.0)
            found = RangeComparison((off,), 1, "canary", calibrated=True)
            yield ir.ranges_verdict(found, canary.thresholds.range_bits_max, canary)
    yield stored_ranges_verdict({"canary": (-1.0, 1.0)}, {"canary": (-1.0, _BEYOND)}, canary)


def _bad_buckets(stated: Thresholds, canary: Variant) -> Iterator[Verdict]:
    mismatches = math.ceil(_beyond(stated.bucket_mismatch_rate_max or 0.0) * _UTTERANCES)
    noisy = LogitsDifference(
        frames=1, values=1, signal=10 ** (_below(stated.bucket_sqnr_db_min or 0.0) / 10), noise=1.0
    )
    found = BucketComparison(_UTTERANCES, mismatches, noisy, lengths_s=(1.0,), padding=0.0)
    yield from bucket_verdicts(found, canary, corpus="canary")
    for repetition in (Repetition(1, 1, 0, ()), Repetition(0, 0, 1, ("canary",))):
        yield stream_verdict(repetition, canary, corpus="canary")


def _bad_shape(stated: Thresholds, canary: Variant, *, quiet: bool) -> Iterator[Verdict]:
    """Yield the verdicts on a shape of errors that is beyond every stated budget.

    Args:
        quiet: whether the text is too short; otherwise it is too long. A length breaks one of its two bounds at a time.
    """

    def rise(budget: float | None) -> Rise:
        return Rise(0.0, _beyond(budget or 0.0), units=1, utterances=2, chance=0.0)

    ratio = _below(stated.length_ratio_min) if quiet else _beyond(stated.length_ratio_max)
    written = math.floor(ratio * _UTTERANCES) if quiet else math.ceil(ratio * _UTTERANCES)
    shape = ErrorShape(
        utterances=_UTTERANCES,
        deletions=rise(stated.deletion_rise_max),
        insertions=rise(stated.insertion_rise_max),
        characters=rise(stated.cer_rise_max),
        ranges=(Range(0.0, 2.0, rise(stated.range_wer_rise_max)),),
        lengths=Lengths(_UTTERANCES, _UTTERANCES, written),
        worse=math.ceil(_beyond(stated.worse_rate_max or 0.0) * _UTTERANCES),
        better=0,
        worst_rise=Worst("canary", _beyond(stated.worst_utterance_rise_max or 0.0)),
        worst_sqnr=Worst("canary", _below(stated.worst_sqnr_db_min or 0.0)),
    )
    for verdict in shape_verdicts(shape, _misheard(0.0, canary)):
        if verdict.gate != "length_ratio" or (verdict.relation == ">=") == quiet:
            yield verdict


def bad_letter_verdict(stated: float, handed: float) -> Verdict | None:
    """Return the verdict on a letter that is recognized just too seldom; it may not pass.

    None stands for a threshold that accepts everything.
    """
    hits = math.floor(_below(stated) * _MANY)
    if hits < 0:
        return None
    written = {letter: Counter({letter: _MANY}) for letter in "AB"} | {"C": Counter({"C": hits, "": _MANY - hits})}
    verdict = letter_verdict(LetterCounts(written), handed, subject="canary", scope="canary")
    if verdict is None:
        raise AssertionError("the gate judges no letter of the canary")
    return verdict


def bad_reference_verdict(stated: float, handed: Thresholds) -> Verdict:
    """Return the verdict on a reference recognizer whose WER is just too high; it may not pass."""
    evaluation = _misheard(_beyond(stated), _canary(handed))
    outcomes = [replace(outcome, reference_hypothesis=outcome.hypothesis) for outcome in evaluation.outcomes]
    return accuracy.reference_verdict(replace(evaluation, outcomes=tuple(outcomes)), stated)

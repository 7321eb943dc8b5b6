"""The names of the gates that an accuracy run can have."""

from __future__ import annotations

# docs/reference/gates.md has the question and the key of each; tests/repository/test_reference_pages.py compares them
ACCURACY_GATES = (
    "wer",
    "reference_wer",
    "utterances_left_out",
    "reference_errors",
    "alphabet_differs",
    "decoding_differs",
    "letter_recall",
    "wer_headline_difference",
    "word_errors",
    "transcript_mismatch_rate",
    "deletion_rise",
    "insertion_rise",
    "cer_rise",
    "wer_rise",
    "length_ratio",
    "worse_rate",
    "worst_utterance_rise",
    "worst_sqnr_db",
    "max_abs_delta",
    "mean_abs_delta",
    "sqnr_db",
    "reference_sqnr_db",
    "fp16_sqnr_db",
    "fp16_mean_abs_delta",
    "fp16_max_abs_delta",
    "argmax_agreement",
    "length_max_abs_delta",
    "bucket_mismatch_rate",
    "bucket_sqnr_db",
    "stream_differs",
    "int8_work",
    "weight_error",
    "activation_range_bits",
    "activation_ranges_differ",
    "graph_differs",
    "fake_quantize",
    "int8_weights",
    "inference_precision_differs",
    "size_ratio",
    "calibration_utterances",
    "calibration_audio_s",
    "calibration_speakers",
    "calibration_overlap",
    "calibration_speech",
)


def family(gate: str) -> str:
    """Return the name of a gate without the range of durations that it judges, as in "wer_rise[2 to 5 s]"."""
    return gate.partition("[")[0]

"""Badge of a run, in the format of shields.io's endpoint badge: https://shields.io/badges/endpoint-badge."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from wergate.config.variants import subject_of
from wergate.formatting import signed_percent
from wergate.report.exit_code import Cause, status_of
from wergate.report.redact import redacted
from wergate.report.results import Results
from wergate.verdict import Status

_BASELINE = "baseline"  # an earlier build of the same model, so the ratio is not a speed-up
_COLORS = {Status.PASS: "brightgreen", Status.FAIL: "red", Status.INCONCLUSIVE: "yellow"}
_WORDS: Mapping[int, str] = {
    Cause.UNEXPLAINED: "FAIL",
    Cause.ACCURACY: "accuracy FAIL",
    Cause.LATENCY: "latency FAIL",
    Cause.SETUP: "set-up broken",
}


def badge(run: Results | None, code: int) -> str:
    """Return the badge as JSON: verdict, largest WER drop of all corpora, smallest speed-up of all lengths.

    Args:
        run: the results; without them the badge shows the verdict only.
        code: the exit code.
    """
    undecided = run is not None and run.verdict is Status.INCONCLUSIVE
    status = status_of(code, undecided=undecided)
    words = "inconclusive" if status is Status.INCONCLUSIVE else _WORDS.get(code, "no verdict")
    said = [] if status is Status.PASS else [words]
    figures = [] if run is None else list(_figures(run))
    broken = code == Cause.SETUP or code not in {0, Cause.INCONCLUSIVE, *_WORDS}
    content = {
        "schemaVersion": 1,
        "label": "wergate",
        "message": redacted(" · ".join([*said, *figures]) or "PASS"),
        "color": "lightgrey" if broken else _COLORS[status],
    }
    return json.dumps(content, ensure_ascii=False) + "\n"


def _figures(run: Results) -> Iterator[str]:
    quantized = [row for row in run.evaluations if row.variant != "fp16"]
    if quantized:
        worst = max(quantized, key=lambda row: row.wer_drop)
        yield f"{subject_of(worst.variant)} WER {signed_percent(worst.wer_drop)} %"
    over_fp16 = [row.ratio for row in run.ratios if row.slow == "fp16"]
    ratios = over_fp16 or [row.ratio for row in run.ratios if row.slow != _BASELINE]
    if ratios:
        yield f"{min(ratios):.1f}x"

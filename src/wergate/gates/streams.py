"""The gate on the streams of a recognizer: after a corpus, each of them gives the logits of before."""

from __future__ import annotations

from wergate.evaluation.repetition import Repetition
from wergate.models.variant import Variant
from wergate.verdict import Verdict

_SHOWN = 3


def stream_verdict(found: Repetition, variant: Variant, *, corpus: str) -> Verdict:
    """Gate the number of compiled models and utterances whose logits a repetition changes."""
    ids = ", ".join(f"'{utterance_id}'" for utterance_id in found.differing[:_SHOWN])
    first = f"; first: {ids}" if ids else ""
    wrong = f"{len(found.differing)} of {found.utterances} utterances and {found.wrong_models} of {found.models}"
    return Verdict(
        gate="stream_differs",
        subject=variant.subject,
        value=found.wrong_models + len(found.differing),
        relation="==",
        threshold=0,
        scope=f"{variant.model}, {corpus}",
        remedy="a stream of the runtime gave wrong logits during the corpus: read docs/findings/two-streams.md, run "
        "again with --shapes dynamic, and report it with the versions above",
        basis=f"{wrong} probes differ when they run again on every stream{first}",
    )

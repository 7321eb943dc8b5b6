"""Results of a race: the JSON file, the Markdown table and the plot."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel

from wergate.disk.files import replacing
from wergate.evaluation.rows import finite
from wergate.formatting import interval, table
from wergate.studies.peers.catalog import BASE
from wergate.studies.peers.race import PeerRecord
from wergate.timing.ratio import student_bounds
from wergate.verdict import Interval

Status = Literal["ok", "absent", "wrong", "failed"]
_CONFIDENCE = 0.99


class PeerRow(BaseModel):
    """Figures of one peer; a peer that is absent, wrong or failed has no speed.

    Attributes:
        start_s: seconds from the start of its process to its first answers.
        latency_ms: median latency by seconds of speech.
        rtfx: audio seconds per second over the whole corpus.
        times_base: speed-up over PyTorch eager.
        times_low, times_high: 99 % interval of the speed-up over blocks; None for a single block.
        wer: a fraction; None for a model with random weights, whose transcripts mean nothing.
        sqnr_db, argmax_agreement: over all timed runs.
        worst_sqnr_db: lowest SQNR of a timed utterance.
        size_mb: size of the model on disk.
        peak_mb: peak memory of the process.
    """

    key: str
    name: str
    engine: str
    kind: str
    settings: str
    status: Status
    reason: str = ""
    start_s: float | None = None
    latency_ms: dict[str, float] = {}
    rtfx: float | None = None
    times_base: float | None = None
    times_low: float | None = None
    times_high: float | None = None
    wer: float | None = None
    word_errors: int | None = None
    sqnr_db: float | None = None
    argmax_agreement: float | None = None
    worst_sqnr_db: float | None = None
    size_mb: float | None = None
    peak_mb: float | None = None


class PeerTable(BaseModel):
    """A race: machine, versions, speech, and the figures of each peer."""

    model: str
    cpu: str
    isa: str
    cores: int
    versions: dict[str, str]
    utterances: int
    audio_s: float
    words: int
    noise: list[str]
    rows: list[PeerRow]

    @property
    def markdown(self) -> str:
        """The table and its notes as Markdown; the best figure of each column is bold."""
        figures = (
            "RTFx",
            "speed-up over eager (99 % interval)",
            "WER %",
            "SQNR dB",
            "argmax %",
            "MB",
            "peak MB",
            "start s",
        )
        lines = [f"- {row.name}: {row.settings}" for row in self.rows if row.status != "absent"]
        title = (
            f"{self.model} on {self.cores} cores of {self.cpu} ({self.isa}): latency in ms by seconds of speech, "
            f"throughput over {self.utterances} utterances ({self.audio_s:.0f} s), WER over {self.words} words"
        )
        cells = table(["", *self._durations, *figures], [self._cells(row) for row in self.rows])
        return "\n\n".join([title, cells, *self.noise, "\n".join(lines)]) + "\n"

    @property
    def _durations(self) -> list[str]:
        return [f"{duration} s" for duration in self._keys]

    @property
    def _keys(self) -> list[str]:
        return sorted({key for row in self.rows for key in row.latency_ms}, key=float)

    def _cells(self, row: PeerRow) -> list[str]:
        if row.status != "ok":
            label = {"absent": "n/a", "wrong": "WRONG", "failed": "FAILED"}[row.status]
            return [row.name, f"{label}: {row.reason}", *[""] * (len(self._keys) + 8)]
        latencies = [self._best(row, partial(_latency_ms, key), min, ".1f") for key in self._keys]
        return [
            row.name,
            *latencies,
            self._best(row, lambda r: r.rtfx, max, ".0f"),
            _times(row),
            self._best(row, lambda r: r.wer and 100 * r.wer, min, ".2f"),
            _figure(row.sqnr_db, ".1f"),
            _figure(row.argmax_agreement and 100 * row.argmax_agreement, ".2f"),
            self._best(row, lambda r: r.size_mb, min, ".1f"),
            self._best(row, lambda r: r.peak_mb, min, ".0f"),
            self._best(row, lambda r: r.start_s, min, ".1f"),
        ]

    def _best(
        self,
        row: PeerRow,
        figure: Callable[[PeerRow], float | None],
        best: Callable[[Sequence[float]], float],
        form: str,
    ) -> str:
        """Return a figure as text, bold if no other figure in its column is better as shown."""
        figures = [value for other in self.rows if other.status == "ok" and (value := figure(other)) is not None]
        shown = _figure(figure(row), form)
        return f"**{shown}**" if figures and shown and shown == _figure(best(figures), form) else shown


def _latency_ms(duration: str, row: PeerRow) -> float | None:
    return row.latency_ms.get(duration)


def _figure(value: float | None, form: str) -> str:
    return "" if value is None else f"{value:{form}}"


def _times(row: PeerRow) -> str:
    if row.times_base is None or row.key == BASE:
        return ""
    if row.times_low is None or row.times_high is None:
        return f"{row.times_base:.2f}"
    return f"{row.times_base:.2f} ({interval(Interval(row.times_low, row.times_high))})"


def peer_rows(records: Sequence[PeerRecord], wrong: Callable[[PeerRecord], str], audio_s: float) -> list[PeerRow]:
    """Return the rows of a race.

    Args:
        records: measurements of the peers.
        wrong: returns why a peer's logits are wrong; empty if they are not.
        audio_s: seconds of speech in the corpus.
    """
    base = next((record for record in records if record.peer.key == BASE and record.runs), None)
    return [_row(record, wrong(record), base, audio_s) for record in records]


def _row(record: PeerRecord, wrong: str, base: PeerRecord | None, audio_s: float) -> PeerRow:
    peer = record.peer
    reason = record.absent or record.failed or wrong
    status: Status = "absent" if record.absent else "failed" if record.failed else "wrong" if wrong else "ok"
    row = PeerRow(
        key=peer.key,
        name=peer.name,
        engine=peer.engine,
        kind=peer.kind,
        settings=peer.settings,
        status=status,
        reason=reason,
    )
    if status in {"absent", "failed"}:
        return row
    row = row.model_copy(update=_accuracy(record))
    return row.model_copy(update=_speed(record, base, audio_s)) if status == "ok" else row


def _accuracy(record: PeerRecord) -> dict[str, float | None]:
    evaluation, worst, total = record.evaluation, record.worst, record.total
    errors = evaluation.candidate.total if evaluation else None
    return {
        "wer": errors.wer if errors else None,
        "word_errors": errors.errors if errors else None,
        "sqnr_db": finite(total.sqnr_db) if total.frames else None,
        "argmax_agreement": 1 - total.flipped_frames / total.frames if total.frames else None,
        "worst_sqnr_db": finite(worst.sqnr_db) if worst else None,
        "size_mb": record.size_bytes / 1e6,
        "peak_mb": record.peak_bytes / 1e6,
    }


def _speed(record: PeerRecord, base: PeerRecord | None, audio_s: float) -> dict[str, object]:
    figures: dict[str, object] = {
        "start_s": record.start_s,
        "latency_ms": {f"{key:g}": 1000 * statistics.median(times) for key, times in record.latency_s.items()},
        "rtfx": audio_s / sum(record.block_s) if record.block_s else None,
    }
    if base is None or not record.block_s:
        return figures
    low, high = times_bounds(slow=base.block_s, fast=record.block_s)
    return figures | {"times_base": sum(base.block_s) / sum(record.block_s), "times_low": low, "times_high": high}


def times_bounds(*, slow: Sequence[float], fast: Sequence[float]) -> tuple[float | None, float | None]:
    """Return the 99 % interval of a speed-up over blocks; (None, None) for a single block.

    Args:
        slow, fast: seconds of the same blocks.
    """
    logs = np.log(slow) - np.log(fast)
    if len(logs) == 1:
        return None, None
    if len(logs) == 2:  # noqa: PLR2004 - two ratios are too few for Student's t
        return math.exp(logs.min()), math.exp(logs.max())
    return student_bounds(logs, _CONFIDENCE)


_COLOURS = {"pytorch": "tab:orange", "onnxruntime": "tab:green", "openvino": "tab:blue"}
_MARKERS = "os^DvPX<>*hpd"  # one marker per peer and a legend; labels at nearly equal points would overlap


def plot(race: PeerTable, path: Path) -> None:
    """Write a PNG of word error rate over real-time factor, or of argmax agreement if no peer has a WER."""
    from matplotlib.figure import Figure  # pyplot would need a display and keep global state

    figure = Figure(figsize=(9, 5.5), layout="constrained")
    axes = figure.subplots()
    with_words = any(row.wer is not None for row in race.rows)
    for row, marker in zip(race.rows, cycle(_MARKERS)):
        height = row.wer if with_words else row.argmax_agreement
        if row.status == "ok" and row.rtfx is not None and height is not None:
            colour = _COLOURS[row.engine]
            axes.scatter(row.rtfx, 100 * height, s=70, color=colour, marker=marker, alpha=0.7, label=row.name)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("{x:g}")
    axes.set_xlabel(f"audio seconds per second over {race.utterances} utterances (RTFx)")
    axes.set_ylabel("word error rate, %" if with_words else "frames with PyTorch's best label, %")
    axes.set_title(f"{race.model} on {race.cores} cores, {race.isa}", fontsize=10)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)
    axes.grid(visible=True, which="both", alpha=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=130)

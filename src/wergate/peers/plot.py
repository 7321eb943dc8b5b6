"""One plot of a race: accuracy against speed."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

from wergate.peers.rows import PeerTable

_COLOURS = {"pytorch": "tab:orange", "onnxruntime": "tab:green", "openvino": "tab:blue"}
_MARKERS = "os^DvPX<>*hpd"  # one for each peer: names beside points that are nearly equal lie on one another


def plot(found: PeerTable, path: Path) -> None:
    """Draw word error rate over real-time factor, or argmax agreement where transcripts mean nothing."""
    from matplotlib.figure import Figure  # without pyplot there is no display and no state

    figure = Figure(figsize=(9, 5.5), layout="constrained")
    axes = figure.subplots()
    with_words = any(row.wer is not None for row in found.rows)
    for row, marker in zip(found.rows, cycle(_MARKERS)):
        height = row.wer if with_words else row.argmax_agreement
        if row.status == "ok" and row.rtfx is not None and height is not None:
            colour = _COLOURS[row.engine]
            axes.scatter(row.rtfx, 100 * height, s=70, color=colour, marker=marker, alpha=0.7, label=row.name)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("{x:g}")
    axes.set_xlabel(f"audio seconds per second over {found.utterances} utterances (RTFx)")
    axes.set_ylabel("word error rate, %" if with_words else "frames with PyTorch's best label, %")
    axes.set_title(f"{found.model} on {found.cores} cores, {found.isa}", fontsize=10)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)
    axes.grid(visible=True, which="both", alpha=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)

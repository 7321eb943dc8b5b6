"""Plot of the accuracy cost of each layer, and short layer names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from wergate.disk.files import replacing
from wergate.errors import SuiteError
from wergate.evaluation.rows import LogitsRow
from wergate.studies.sensitivity.rows import SensitivityRow

_SHOWN = 40
_CEILING_DB = 120.0  # noise below the rounding of float32 is not meaningful, so higher ratios are drawn here
_NAME = 60  # last characters of a layer's name that are shown
_INCHES_A_LAYER = 0.22


def plot_sensitivity(row: SensitivityRow, folder: Path) -> Path:
    """Write a PNG of the worst layers, each alone in 8 bit and left out of INT8, and return its path.

    Raises:
        SuiteError: the file cannot be written.
    """
    from matplotlib.figure import Figure  # pyplot would need a display and keep global state

    layers = row.layers[:_SHOWN]
    places = range(len(layers))
    figure = Figure(figsize=(11, 1.5 + _INCHES_A_LAYER * len(layers)), layout="constrained")
    alone, left_out = figure.subplots(1, 2, sharey=True)
    alone.barh(places, [_capped_db(layer.alone) for layer in layers], color="tab:red")
    alone.set(title="only this layer in 8 bit", xlabel="SQNR, dB (low: high cost)")
    left_out.barh(
        places, [_capped_db(layer.left_out) - _capped_db(row.quantized) for layer in layers], color="tab:blue"
    )
    left_out.set(title=f"this layer left out of INT8 ({_capped_db(row.quantized):.1f} dB)", xlabel="SQNR gain, dB")
    names = short_names([layer.twin or layer.name for layer in row.layers])
    alone.set_yticks(places, [name[-_NAME:] for name in names[:_SHOWN]], fontsize=7)
    alone.margins(y=0.01)
    alone.invert_yaxis()
    figure.suptitle(
        f"{row.model} {row.variant}: {len(layers)} of {len(row.layers)} layers, {len(row.sample)} utterances"
    )
    path = folder / f"sensitivity-{_slug(row.model)}-{_slug(row.variant)}.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            figure.savefig(temporary, dpi=120)
    except OSError as error:
        raise SuiteError(
            f"plot '{path}' cannot be written: {error.strerror}; choose a writable folder with --plots"
        ) from error
    return path


def _capped_db(logits: LogitsRow) -> float:
    return min(_CEILING_DB, _CEILING_DB if logits.sqnr_db is None else logits.sqnr_db)


def _slug(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip("-")


_MAJORITY = 0.75  # share of the names that must have a leading module in common


def short_names(names: Sequence[str]) -> list[str]:
    """Return layer names without the leading modules that most have in common, and without the tracer's middle parts.

    If two short names were equal, all names are returned unchanged.
    """
    short = list(names)
    while (head := _head(short)) is not None:
        short = [name.removeprefix(f"{head}.") for name in short]
    short = ["/".join(dict.fromkeys((name.split("/")[0], name.rsplit("/", maxsplit=1)[-1]))) for name in short]
    return short if len(set(short)) == len(set(names)) else list(names)


def _head(names: Sequence[str]) -> str | None:
    """Return the first module of most names; None if they do not share one."""
    commonest = Counter(name.split(".", maxsplit=1)[0] for name in names if "." in name).most_common(1)
    return commonest[0][0] if commonest and commonest[0][1] > max(1, _MAJORITY * len(names)) else None

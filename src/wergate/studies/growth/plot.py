"""Plots of curves, written to a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wergate.disk.files import replacing


@dataclass(frozen=True)
class Curve:
    """Measured points with an optional fitted line."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    fitted: Sequence[float] = ()


@dataclass(frozen=True)
class Axes:
    """Title and axes of a plot."""

    title: str
    x: str
    y: str
    logarithmic: bool = False


def draw_curves(curves: Sequence[Curve], axes: Axes, path: Path) -> None:
    """Write curves to a PNG file, and create its folder."""
    from matplotlib.figure import Figure  # pyplot would need a display and keep global state

    figure = Figure(figsize=(8, 5), layout="constrained")
    plot = figure.subplots()
    for number, curve in enumerate(curves):
        colour = f"C{number}"
        plot.plot(curve.x, curve.y, "o" if curve.fitted else "o-", color=colour, label=curve.name, markersize=4)
        if curve.fitted:
            plot.plot(curve.x, curve.fitted, "-", color=colour, linewidth=1)
    if axes.logarithmic:
        plot.set_xscale("log")
        plot.set_yscale("log")
    plot.set_xlabel(axes.x)
    plot.set_ylabel(axes.y)
    plot.set_title(axes.title, fontsize=10)
    plot.grid(visible=True, which="both", alpha=0.3)
    plot.legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=130)

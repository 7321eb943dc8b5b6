"""Charts: their geometry equals the results, and each has a name and its figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import Open
from tests.support.generated_run import Made

pytestmark = pytest.mark.browser

_ENDS = """svg => {
  const box = svg.getBoundingClientRect(), low = Number(svg.dataset.low), high = Number(svg.dataset.high);
  const value = x => low + (high - low) * (x - box.left) / box.width;
  return {pixel: (high - low) / box.width, bars: [...svg.querySelectorAll('.bar')].map(bar => {
    const line = bar.querySelector('line.interval').getBoundingClientRect();
    const dot = bar.querySelector('circle').getBoundingClientRect();
    return [value(line.left), value(line.right), value(dot.left + dot.width / 2)];
  })};
}"""


def test_intervals_are_where_the_results_have_them(failing: tuple[Made, Path], open_page: Open) -> None:
    """H8: both ends and the value of each interval, scaled back, are within half a pixel."""
    made, file = failing
    found = open_page(file)
    rows = [(row.paired.interval, row.paired.drop) for row in made.results.evaluations]
    expected = [tuple(100 * part for part in (bounds.low, bounds.high, drop)) for bounds, drop in rows]
    _compare(found.page.eval_on_selector("#words .chart svg", _ENDS), expected)
    ratios = [(row.interval.low, row.interval.high, row.ratio) for row in made.results.ratios]
    _compare(found.page.eval_on_selector("#speed .chart svg", _ENDS), ratios)


def _compare(shown: dict[str, object], expected: list[tuple[float, ...]]) -> None:
    half = shown["pixel"] / 2 + 1e-9  # type: ignore[operator]
    found = sorted(shown["bars"])  # type: ignore[call-overload]
    assert len(expected) == len(found)
    for one, other in zip(sorted(expected), found, strict=True):
        assert list(one) == pytest.approx(other, abs=half)


@pytest.mark.parametrize("width", [390, 1280])
def test_each_chart_has_a_name_and_its_figures(width: int, failing: tuple[Made, Path], open_page: Open) -> None:
    """H9: an image with a name for those who do not see it, and a table for those who want the numbers."""
    found = open_page(failing[1], width=width)
    charts = found.page.eval_on_selector_all(
        "figure.chart",
        """all => all.map(one => [
            [...one.querySelectorAll(':scope > svg')].every(svg => svg.matches('[role=img][aria-label]')),
            one.querySelectorAll('details table tbody tr').length > 0])""",
    )
    assert len(charts) >= 8
    assert all(named and figures for named, figures in charts)
    assert (
        found.page.evaluate(
            "document.querySelectorAll('svg:not([role=img]):not([aria-hidden]):not(figure svg svg)').length"
        )
        == 0
    )

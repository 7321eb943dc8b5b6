"""Activation ranges fit what calibration utterances need, and equal those of the stored baseline."""

from __future__ import annotations

import pytest

from fixtures.gates.check import Check
from wergate.gates.ir import ranges_verdict
from wergate.gates.range_baseline import StoredRanges, differing_origin, stored_ranges_verdict
from wergate.models.variant import Variant
from wergate.session.session import Session


def test_ranges_fit_the_activations(session: Session, variant: Variant, check: Check) -> None:
    """Each activation range is about as wide as what a few calibration utterances ask for."""
    limit = variant.thresholds.range_bits_max
    if limit is None:
        pytest.skip(f"the thresholds of {variant.name} have no range_bits_max")
    if not session.models.range_ends(variant):
        pytest.skip(f"{variant.name} quantizes no activation: it has no FakeQuantize with a stored range")
    check(ranges_verdict(session.models.ranges(variant), limit, variant))


def test_ranges_equal_the_baseline(
    variant: Variant, found_ranges: StoredRanges, baseline_ranges: StoredRanges | None, check: Check
) -> None:
    """The same audio, versions and settings give the ranges of the stored baseline, on any CPU."""
    name = f"ranges of {variant.model} {variant.label}"
    if baseline_ranges is None:
        pytest.skip(f"{name}: no baseline: store this run's with --update-baselines")
    other = "; ".join(differing_origin(baseline_ranges, found_ranges))
    if other:
        pytest.skip(f"{name}: baseline not compared: stored with {other}")
    check(stored_ranges_verdict(found_ranges.ranges, baseline_ranges.ranges, variant))

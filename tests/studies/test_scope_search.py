"""Search for the smallest scope among ranked layers, on sets with a known answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wergate.studies.sensitivity.scope import smallest_scope

LAYERS = tuple("abcdefghij")


def needs(*wanted: str) -> Callable[[tuple[str, ...]], bool]:
    """Return a model that passes if all of these layers are left out."""
    return lambda left_out: set(wanted) <= set(left_out)


@given(st.sets(st.sampled_from(LAYERS)))
def test_exactly_the_needed_layers_are_found(wanted: set[str]) -> None:
    """At any position in the ranking, only the needed layers are left out, the worst first."""
    assert tuple(sorted(wanted)) == smallest_scope(LAYERS, needs(*wanted))


def test_nothing_helps() -> None:
    """If the model fails with every layer left out, no smaller set is tried."""
    tried: list[tuple[str, ...]] = []
    assert smallest_scope(LAYERS, lambda left_out: bool(tried.append(left_out))) is None
    assert [LAYERS] == tried


@pytest.mark.parametrize("layers", [LAYERS, LAYERS[:1]])
def test_few_sets_are_tried(layers: tuple[str, ...]) -> None:
    """A single damaged layer at the top of the ranking takes two trials and a bisection."""
    tried: list[tuple[str, ...]] = []

    def holds(left_out: tuple[str, ...]) -> bool:
        tried.append(left_out)
        return "a" in left_out

    assert ("a",) == smallest_scope(layers, holds)
    assert len(tried) <= 2 + len(layers).bit_length()

"""Compiled models that a session keeps: those of one variant, the newest of each kind."""

from __future__ import annotations

import gc
import weakref

from tests.support.variants import make_variant
from wergate.session.recognizers import VariantCache


class Compiled:
    """Stands for a compiled model."""


INT8, FP16 = make_variant("int8"), make_variant("fp16")


def test_a_kept_model_is_not_compiled_again() -> None:
    """The same kind and key of the same variant."""
    cache = VariantCache()
    first = cache.get(INT8, "dynamic", None, Compiled)
    cache.get(INT8, "single", None, Compiled)
    assert first is cache.get(INT8, "dynamic", None, Compiled)


def test_another_variant_takes_the_place_of_all_kinds() -> None:
    """Nothing else refers to the models of the variant before, so their memory is free."""
    cache = VariantCache()
    kept = [weakref.ref(cache.get(INT8, kind, None, Compiled)) for kind in ("dynamic", "single", "bucketed")]
    cache.get(FP16, "dynamic", None, Compiled)
    assert [None, None, None] == [reference() for reference in kept]


def test_another_key_is_compiled_after_all_before_it_are_gone() -> None:
    """Two corpora in buckets are never in memory at once, and neither is the dynamic model of the first."""
    cache, alive = VariantCache(), []
    first = [weakref.ref(cache.get(INT8, kind, corpus, Compiled)) for kind, corpus in (("bucketed", 1), ("dynamic", 0))]

    def compile_other() -> Compiled:
        alive.extend(reference() for reference in first)
        return Compiled()

    cache.get(INT8, "bucketed", 2, compile_other)
    assert [None, None] == alive


def test_a_cleared_cache_keeps_nothing() -> None:
    """A reference cycle, as a recognizer has one, does not keep a model alive."""
    cache = VariantCache()
    made = cache.get(INT8, "single", None, Compiled)
    made.itself = made  # type: ignore[attr-defined]
    kept = weakref.ref(made)
    del made
    gc.disable()
    try:
        cache.clear()
    finally:
        gc.enable()
    assert kept() is None

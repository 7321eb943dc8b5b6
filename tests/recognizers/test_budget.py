"""A cache with a memory limit: it drops the least recently used values first."""

from __future__ import annotations

from wergate.session.recognizers import MemoryBoundedCache


def test_the_least_recently_used_value_is_dropped_first() -> None:
    """Each letter takes four bytes of eight, so two are kept; a kept value is not built again."""
    budget: MemoryBoundedCache[str] = MemoryBoundedCache(8)
    built: list[str] = []

    def get(letter: str, size: int = 4) -> str:
        return budget.get(letter, lambda: built.append(letter) or letter, lambda _: size)

    assert "abab" == "".join(map(get, "abab"))
    assert ["a", "b"] == built
    get("c")  # drops a, which was used before b
    get("b")
    assert ["a", "b", "c"] == built
    get("a")
    assert ["a", "b", "c", "a"] == built


def test_a_value_above_the_limit_is_kept_alone() -> None:
    """A value larger than the limit replaces all others, because the caller needs it."""
    budget: MemoryBoundedCache[str] = MemoryBoundedCache(8)
    built: list[str] = []
    for letter, size in (("a", 4), ("z", 100), ("z", 100), ("a", 4)):
        budget.get(letter, lambda letter=letter: built.append(letter) or letter, lambda _, size=size: size)  # type: ignore[misc]
    assert ["a", "z", "a"] == built

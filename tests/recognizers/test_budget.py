"""A budget: what fits is kept, what was asked for longest ago goes first."""

from __future__ import annotations

from wergate.session.recognizers import MemoryBoundedCache


def test_what_was_asked_for_longest_ago_goes_first() -> None:
    """Each letter takes four bytes of eight, so two are kept; what is kept is not made again."""
    budget: MemoryBoundedCache[str] = MemoryBoundedCache(8)
    made: list[str] = []

    def get(letter: str, size: int = 4) -> str:
        return budget.get(letter, lambda: made.append(letter) or letter, lambda _: size)

    assert "abab" == "".join(map(get, "abab"))
    assert ["a", "b"] == made
    get("c")  # a was asked for before b
    get("b")
    assert ["a", "b", "c"] == made
    get("a")
    assert ["a", "b", "c", "a"] == made


def test_one_that_does_not_fit_is_kept_alone() -> None:
    """It is needed, be it as large as it may."""
    budget: MemoryBoundedCache[str] = MemoryBoundedCache(8)
    made: list[str] = []
    for letter, size in (("a", 4), ("z", 100), ("z", 100), ("a", 4)):
        budget.get(letter, lambda letter=letter: made.append(letter) or letter, lambda _, size=size: size)  # type: ignore[misc]
    assert ["a", "z", "a"] == made

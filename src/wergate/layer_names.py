"""Names of layers as people can take them in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

_MOST = 0.75


def short_names(names: Sequence[str]) -> list[str]:
    """Return names without the modules that most have in front, and without what the tracer writes in the middle.

    Where two would then be the same, all stay as they are.
    """
    short = list(names)
    while (head := _head(short)) is not None:
        short = [name.removeprefix(f"{head}.") for name in short]
    short = ["/".join(dict.fromkeys((name.split("/")[0], name.rsplit("/", maxsplit=1)[-1]))) for name in short]
    return short if len(set(short)) == len(set(names)) else list(names)


def _head(names: Sequence[str]) -> str | None:
    """Return the first module of most names, where they share one."""
    found = Counter(name.split(".", maxsplit=1)[0] for name in names if "." in name).most_common(1)
    return found[0][0] if found and found[0][1] > max(1, _MOST * len(names)) else None

"""Plugin for tests marked `alone`, which measure time: while one runs, the other workers of xdist pause."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import filelock
import pytest
import xdist


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move the marked tests to the end, so that few long tests are left that they have to wait for."""
    items.sort(key=_is_alone)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Hold a lock over set-up, call and teardown: exclusive for a test marked `alone`, shared for any other."""
    if not xdist.is_xdist_worker(item):
        return (yield)
    shared = Path(item.config.getoption("basetemp")).parent  # each worker's folder lies in the folder of the session
    lock = filelock.ReadWriteLock(shared / "alone.db")
    with lock.write_lock() if _is_alone(item) else lock.read_lock():
        return (yield)


def _is_alone(item: pytest.Item) -> bool:
    return item.get_closest_marker("alone") is not None

"""The warm store, filled once for all workers of a session."""

from __future__ import annotations

import pytest

from tests.mutations.warm_store import WarmStore, warm_store
from tests.support.once import once


@pytest.fixture(scope="session")
def honest(tmp_path_factory: pytest.TempPathFactory) -> WarmStore:
    """The store of a run without a fault on the small selection of utterances."""
    return once(tmp_path_factory, "honest", warm_store)

"""Data sets of the hub, read through `datasets`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from wergate.errors import SuiteError
from wergate.sources import Column, Holds, Row
from wergate.sources.spec import CorpusSpec


class HubSource:
    """One split of a data set, streaming."""

    folder = None
    remote = True

    def __init__(self, spec: CorpusSpec) -> None:
        """Open the split, its audio as encoded bytes: decoding in `datasets` needs FFmpeg.

        Raises:
            SuiteError: whatever the hub's client could not do.
        """
        import datasets

        try:
            table = datasets.load_dataset(spec.hub_id, spec.config, split=spec.split or "test", streaming=True)
        except Exception as error:  # whatever the hub's client raises is a corpus not opened
            reason = str(error).strip().splitlines()
            raise SuiteError(
                f"corpus '{spec.name}' cannot be opened: {type(error).__name__}: {reason[0] if reason else ''}; "
                "a data set of the hub or a local corpus is accepted; check --corpus and the network"
            ) from error
        for name, feature in table.features.items():
            if isinstance(feature, datasets.Audio):
                table = table.cast_column(name, datasets.Audio(decode=False))
        self._name = spec.name
        self._table = table
        self.columns = tuple(Column(name, _holds(feature)) for name, feature in table.features.items())

    def rows(self, numbers: Sequence[int] | None = None) -> Iterator[Row]:
        """Yield rows, up to the last one that is wanted."""
        wanted = None if numbers is None else set(numbers)
        last = max(wanted, default=-1) if wanted is not None else None
        try:
            for number, cells in enumerate(self._table):
                if wanted is None or number in wanted:
                    yield Row(number, cells)
                if number == last:
                    return
        except OSError as error:
            raise SuiteError(f"corpus '{self._name}' cannot be read to its end: {error}; fetch it again") from error


def _holds(feature: Any) -> Holds:
    import datasets

    if isinstance(feature, datasets.Audio):
        return "audio"
    return "text" if isinstance(feature, datasets.Value) and feature.dtype in {"string", "large_string"} else "other"

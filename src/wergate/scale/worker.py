"""The worker: a process on any node that holds the compiled models of a run and transcribes shards.

It is a plain class. Only `wergate.scale.cluster` makes an actor of it.
"""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from wergate.disk.files import write_part
from wergate.disk.trust import PRIVATE
from wergate.errors import SuiteError
from wergate.store import Store, bytes_digest

Transcribe = Callable[[Any, list[bytes]], Iterable[Any]]  # a `ShardOrder` and its bytes to `Inferred`


class Worker:
    """Transcribes the shards of one run at a time."""

    def __init__(self) -> None:
        """Start with no model; importing the runtime must wait for the driver's variables."""
        self.name = f"{platform.node()}:{os.getpid()}"
        self._scratch = tempfile.TemporaryDirectory(prefix="wergate-worker-")

    def hello(self) -> str:
        """Return the name of this process, once it runs."""
        return self.name

    def open(self, opening: str, network: bytes, weights: bytes) -> str:
        """Take an IR and compile it at the first shard that needs it.

        Args:
            opening: an `Opening`, as JSON.
            network: content of the `.xml`.
            weights: content of the `.bin`.

        Returns:
            An `Opened`, as JSON.
        """
        from wergate.scale.messages import Opened, Opening

        self._opening = Opening.model_validate_json(opening)
        try:
            _take_variables(self._opening.kind["variables"])
            self._require_same_kind()
            self._transcriber = self.transcriber(self._kept(network, weights))
        except SuiteError as error:
            return Opened(worker=self.name, refused=str(error)).model_dump_json()
        return Opened(worker=self.name).model_dump_json()

    def transcribe(self, shard: str, blobs: list[bytes]) -> str:
        """Transcribe a shard, and commit its result if the driver's folder is here too.

        Args:
            shard: a `ShardOrder`, as JSON.
            blobs: audio and reference logits of each utterance, alternately.

        Returns:
            An `Answer`, as JSON.
        """
        from wergate.scale.messages import Answer, ShardOrder
        from wergate.scale.rows import result
        from wergate.scale.shard_files import ShardFiles

        order = ShardOrder.model_validate_json(shard)
        if order.run != self._opening.run:
            raise RuntimeError(f"worker {self.name} is not open for this run")
        try:
            text = result(self.name, self.kind(), self._transcriber(order, blobs)).text()
            if self._shares_store():
                ShardFiles(Path(self._opening.store), self._opening.run).commit(order.id, text)
        except SuiteError as error:
            return Answer(refused=str(error)).model_dump_json()
        return Answer(result=text).model_dump_json()

    def kind(self) -> dict[str, object]:
        """Return the kind of this machine."""
        from wergate.evaluation.journal import kind_of_machine

        return kind_of_machine()

    def transcriber(self, path: Path) -> Transcribe:
        """Return a function that transcribes shards with an IR.

        Args:
            path: the `.xml`, with its `.bin` in the same folder.
        """
        from wergate.scale.transcriber import Transcriber

        return Transcriber(self._opening, path, self._store())

    def _store(self) -> Store:
        """Return the driver's store if it is here too, else one of this process."""
        if self._shares_store():
            return Store(Path(self._opening.store), shared=self._opening.shared_cache)
        return Store(Path(self._scratch.name) / "store")

    def _shares_store(self) -> bool:
        """Return whether the driver's store is on a file system that this node has too."""
        from wergate.scale.shard_files import ShardFiles

        return ShardFiles(Path(self._opening.store), self._opening.run).is_marked()

    def _kept(self, network: bytes, weights: bytes) -> Path:
        """Write the IR to a folder of this process."""
        if (bytes_digest(network), bytes_digest(weights)) != self._opening.ir:
            raise OSError("the IR was damaged on its way")
        folder = Path(self._scratch.name) / self._opening.ir[0][:16]
        folder.mkdir(mode=PRIVATE, exist_ok=True)
        path = folder / "model.xml"
        write_part(path, network)
        write_part(path.with_suffix(".bin"), weights)
        return path

    def _require_same_kind(self) -> None:
        """Refuse to run if equal inputs might give other logits here than at the driver's.

        Raises:
            SuiteError: CPU, variables, versions or code differ.
        """
        ours, theirs = self.kind(), self._opening.kind
        unlike = [f"{name} {ours[name]}, not {theirs[name]}" for name in theirs if ours.get(name) != theirs[name]]
        unlike += _unlike_code(self._opening.source)
        if unlike:
            raise SuiteError(
                f"worker {self.name} is of another kind of machine than the driver: {'; '.join(unlike)}; INT8 differs "
                "by instruction set, so one run takes one kind; give Ray the nodes of one kind, or run once on each"
            )


def _unlike_code(source: str) -> Iterator[str]:
    from wergate.environment.digest import source_digest
    from wergate.session.evaluations import __name__ as processing

    if source_digest(processing) != source:
        yield "other code of wergate"


def _take_variables(wanted: dict[str, str]) -> None:
    """Set the variables that change logits as the driver has them, before a library reads them."""
    from wergate.environment.allocator import bound_pools
    from wergate.environment.machine import variables_of_logits

    for name in variables_of_logits().keys() - wanted.keys():  # Ray sets OMP_NUM_THREADS
        del os.environ[name]
    os.environ.update(wanted)
    bound_pools()

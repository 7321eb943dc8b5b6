"""Cost of building a model's IRs: seconds and peak memory, measured in a separate process that does nothing else.

python -m wergate.studies.build_cost < request.json
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel

from wergate.config.suite import SuiteConfig
from wergate.errors import SuiteError
from wergate.session.session import Session
from wergate.store import Artifact, Store
from wergate.studies.process import answer, run_module
from wergate.timing.memory import peak_rss_bytes


class BuildRequest(BaseModel):
    """The model to build, its configuration, and the store to build into."""

    config: SuiteConfig
    embedded: Path
    cache_dir: Path
    model: str


class BuildCost(BaseModel):
    """Seconds that the process spent on conversion and quantization, and its peak memory."""

    convert_s: float
    quantize_s: float
    peak_rss_bytes: int

    @property
    def figures(self) -> dict[str, float]:
        """The figures as tables and results show them: seconds, and memory in MB."""
        peak_rss_mb = self.peak_rss_bytes / 1e6
        return {"convert_s": self.convert_s, "quantize_s": self.quantize_s, "peak_rss_mb": peak_rss_mb}


class NotBuiltError(SuiteError):
    """The store has no such artifact."""


class FoundOnly(Store):
    """A store that finds existing artifacts and raises `NotBuiltError` instead of building one."""

    def _build(self, kind: str, *_: object) -> None:
        raise NotBuiltError(f"the store has no {kind}; build it first")


def is_built(request: BuildRequest) -> bool:
    """Return whether the store already has both IRs of the model."""
    session = Session(
        request.config,
        embedded=request.embedded,
        store=FoundOnly(request.cache_dir, shared=request.config.shared_cache),
    )
    try:
        session.models.ir(request.model, "int8")
    except NotBuiltError:
        return False
    return True


def build(request: BuildRequest) -> BuildCost:
    """Build both IRs in this process."""
    # a session per IR, so that the checkpoint that the first one loaded is out of memory
    # while the second one is quantized, and the peak is that of the larger step
    fp16, int8 = (_build_one(request, precision) for precision in ("fp16", "int8"))
    return BuildCost(convert_s=fp16.build_seconds, quantize_s=int8.build_seconds, peak_rss_bytes=peak_rss_bytes())


def _build_one(request: BuildRequest, precision: str) -> Artifact:
    session = Session(
        request.config, embedded=request.embedded, store=Store(request.cache_dir, shared=request.config.shared_cache)
    )
    return session.models.ir(request.model, precision)


def build_in_subprocess(request: BuildRequest) -> BuildCost:
    """Build both IRs in a separate process.

    Raises:
        SuiteError: the build failed; the message is the last line that it printed.
    """
    return BuildCost.model_validate_json(run_module(__spec__.name, request, task="build"))


def main(read: Callable[[], str] = sys.stdin.read) -> int:
    """Read a `BuildRequest` as JSON, build, and print the `BuildCost` as the last line."""
    request = BuildRequest.model_validate_json(read())
    return answer("build", lambda: build(request))


if __name__ == "__main__":
    sys.exit(main())

"""The names of executors, as a command line or a suite file gives them."""

from __future__ import annotations

import re

from wergate.errors import SuiteError, did_you_mean
from wergate.scale.cluster import require_ray
from wergate.session.executor import Executor

_RAY = "ray"
_ADDRESS = re.compile(r"[^\s:/]+:\d{1,5}|\[[0-9A-Fa-f:.]+\]:\d{1,5}")


def require_executor(spec: str | None) -> None:
    """Refuse an executor that does not exist, or whose packages are missing, without importing them.

    Args:
        spec: "ray", "ray:HOST:PORT", or None for this process.

    Raises:
        SuiteError: the name is unknown, the address is none, or Ray is not installed.
    """
    if spec is None:
        return
    name, separator, address = spec.partition(":")
    if name != _RAY or (separator and not _ADDRESS.fullmatch(address)):
        hint = did_you_mean(name, [_RAY]) if name != _RAY else ""
        raise SuiteError(
            f"--executor '{spec}' is unknown{hint}; accepted: ray for the cluster of this machine, or ray:HOST:PORT "
            "for that of a running head; correct it, or leave it out to evaluate in this process"
        )
    require_ray()


def executor_of(spec: str | None) -> Executor | None:
    """Return the executor of a run, which joins its cluster when it is first used; None for this process.

    Args:
        spec: "ray", "ray:HOST:PORT", or None.
    """
    if spec is None:
        return None
    from wergate.scale.executor import RayExecutor

    return RayExecutor(spec.partition(":")[2])

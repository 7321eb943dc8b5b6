"""Machine, versions, variables and code: all besides its inputs that a result depends on."""

from __future__ import annotations

from wergate.environment.digest import source_digest
from wergate.environment.machine import (
    REPORTED,
    VARIABLES,
    Cpu,
    cpu,
    size_of,
    thread_options,
    variables,
    version,
    versions,
)

__all__ = [
    "REPORTED",
    "VARIABLES",
    "Cpu",
    "cpu",
    "size_of",
    "source_digest",
    "thread_options",
    "variables",
    "version",
    "versions",
]

"""Memory that libraries keep after its use: bounds on their pools, and a way to give free memory back.

glibc's allocator keeps freed memory, in one arena for each thread that allocates. oneDNN keeps the last kernels that
it generated, with their packed weights, long after the compiled model is gone. In a run that compiles one model after
another, both together take more memory than the models that are alive.
"""

from __future__ import annotations

import ctypes
import gc
import os
from functools import cache
from typing import Any

# The variable is oneDNN's own. 256 kernels are those of two or three models, so the streams of one model share theirs.
BOUNDS = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "256"}
_ARENA_MAX = -8  # M_ARENA_MAX of glibc's malloc.h


def bound_pools() -> None:
    """Bound the pools of the allocator and of oneDNN, before OpenVINO is loaded; a variable that is set wins."""
    for name, bound in BOUNDS.items():
        os.environ.setdefault(name, bound)
    if _allocator() is not None and not any(name.startswith("MALLOC_") for name in os.environ):
        _allocator().mallopt(_ARENA_MAX, 1)


def give_back() -> None:
    """Collect garbage and return free memory to the system, if the allocator can."""
    gc.collect()
    if _allocator() is not None:
        _allocator().malloc_trim(0)


@cache
def _allocator() -> Any:
    """Return the C library if it is glibc, else None."""
    try:
        library = ctypes.CDLL(None)
    except (OSError, TypeError):  # TypeError: Windows takes no None
        return None
    return library if hasattr(library, "malloc_trim") and hasattr(library, "mallopt") else None

"""NNCF's functions by name: which of them there are depends on its version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wergate.environment import version
from wergate.errors import SuiteError


def nncf_function(name: str, *, quantizer: str) -> Callable[..., Any]:
    """Return a function of the installed NNCF.

    Raises:
        SuiteError: it has none of that name, or there is no NNCF.
    """
    try:
        import nncf

        found: Callable[..., Any] = getattr(nncf, name)
    except (ImportError, AttributeError) as error:
        raise SuiteError(
            f"this toolchain has no quantizer '{quantizer}': NNCF is {version('nncf')}, and nncf.{name} is needed; "
            "choose another --quantizer, or install the NNCF that .ci/requirements.lock names"
        ) from error
    return found

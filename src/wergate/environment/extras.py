"""Packages that an installation may leave out, and the extra of wergate that brings each."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from wergate.errors import SuiteError

EXTRAS: Mapping[str, str] = {
    "torch": "pytorch",
    "torchmetrics": "pytorch",
    "transformers": "pytorch",
    "nncf": "quantize",
    "ray": "ray",
}


def installation(package: str) -> str:
    """Return the command that installs a package of an extra."""
    return f"pip install 'wergate[{EXTRAS[package]}]'"


def is_installed(package: str) -> bool:
    """Return whether a package can be imported, without importing it."""
    return find_spec(package) is not None


def require_nncf(variant: str) -> None:
    """Refuse to build a variant that NNCF quantizes where it is not installed.

    Raises:
        SuiteError: NNCF is not installed.
    """
    if not is_installed("nncf"):
        raise SuiteError(
            f"{variant} is built by NNCF, which is not installed; FP16 and candidates need no NNCF; run "
            f"{installation('nncf')}, or leave INT8 out with --precisions fp16"
        )

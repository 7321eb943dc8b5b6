"""What an ignored scope names, where the model has nothing of that name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from wergate.config.quantization import IgnoredScope
from wergate.errors import SuiteError, nearest

_SHOWN = 3
_NO_LAYERS = frozenset({"Constant", "Parameter", "Result"})


def require_matches(scope: IgnoredScope, model: Any) -> None:
    """Refuse a scope of which a part matches nothing, before NNCF does so: that is after minutes of calibration.

    Args:
        model: the FP16 IR as OpenVINO has read it.

    Raises:
        SuiteError: with what it has in place of it.
    """
    unmatched = list(_unmatched(scope, [op for op in model.get_ops() if op.get_type_name() not in _NO_LAYERS]))
    if unmatched:
        raise refused_scope(" and ".join(unmatched))


def refused_scope(reason: object) -> SuiteError:
    """Return what to tell a person whose ignored scope is not taken."""
    return SuiteError(f"quantization.ignored_scope is not accepted: {reason}; correct suite.toml")


def _unmatched(scope: IgnoredScope, operations: list[Any]) -> Iterator[str]:
    names = [op.get_friendly_name() for op in operations]
    kinds = sorted({op.get_type_name() for op in operations})
    for name in scope.names:
        if name not in names:
            yield f"no operation of the FP16 IR is called '{name}', the nearest are {_near(name, names)}"
    for pattern in scope.patterns:
        if not any(re.match(pattern, name) for name in names):
            yield f"no operation matches the pattern '{pattern}', the nearest are {_near(pattern, names)}"
    for kind in scope.types:
        if kind not in kinds:
            yield f"no operation is of the type '{kind}', the nearest are {_near(kind, kinds)}"


def _near(value: str, known: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in nearest(value, known, _SHOWN))

"""wergate: accuracy and latency gates for CTC speech recognition quantized with OpenVINO.

The public names are `load_config`, `Session`, `Evaluation`, `Verdict`, `Results` and `SuiteError`; the modules
`wergate.timing.memory` and `wergate.timing.paired` may be used by themselves. Everything else is private.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wergate.config.loading import load_config
    from wergate.errors import SuiteError
    from wergate.evaluation.evaluation import Evaluation
    from wergate.report.results import Results
    from wergate.session.session import Session
    from wergate.verdict import Verdict

__all__ = ["Evaluation", "Results", "Session", "SuiteError", "Verdict", "load_config"]
__version__ = "0.1.0"
# OpenVINO and NNCF report their use over the network, with an identity kept in the home directory, unless a person
# opted out. A test suite has no one to ask: without this package both fall back to their own silent stand-in.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
_MODULES = {
    "load_config": "wergate.config.loading",
    "SuiteError": "wergate.errors",
    "Evaluation": "wergate.evaluation.evaluation",
    "Results": "wergate.report.results",
    "Session": "wergate.session.session",
    "Verdict": "wergate.verdict",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: none of them costs a run that does not need it."""
    if name not in _MODULES:
        raise AttributeError(f"module 'wergate' has no attribute '{name}'")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

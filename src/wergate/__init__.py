"""wergate: accuracy and latency gates for CTC speech recognition quantized with OpenVINO.

The public names are `load_config`, `Session`, `Evaluation`, `Verdict`, `Results` and `SuiteError`.
The modules `wergate.timing.memory` and `wergate.timing.paired` are public too and work on their own.
Everything else is private.
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
# Unless the user opted out, OpenVINO and NNCF send usage data with an id that they store in the home directory.
# A test suite cannot ask for consent. Without this package, both fall back to a stub that sends nothing.
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
    """Import a public name on first use, so that a run only pays for the modules it needs."""
    if name not in _MODULES:
        raise AttributeError(f"module 'wergate' has no attribute '{name}'")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

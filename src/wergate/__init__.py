"""wergate: accuracy and latency gates for CTC speech recognition quantized with OpenVINO."""

import sys

__version__ = "0.1.0"

# OpenVINO and NNCF report their use over the network, with an identity kept in the home directory, unless a person
# opted out. A test suite has no one to ask: without this package both fall back to their own silent stand-in.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

"""wergate: accuracy and latency gates for CTC speech recognition quantized with OpenVINO."""

__version__ = "0.1.0"

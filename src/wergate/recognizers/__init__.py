"""Recognizers: waveforms to logits, with PyTorch, OpenVINO or ONNX Runtime."""

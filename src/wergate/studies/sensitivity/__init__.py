"""Accuracy cost of each quantized layer, and the smallest set of layers that must stay in floating point."""

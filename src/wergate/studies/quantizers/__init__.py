"""Comparison of quantization variants on the same model and corpus."""

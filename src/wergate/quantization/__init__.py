"""Conversion of a reference model to its FP16 IR, and all quantizers from FP16 to INT8."""

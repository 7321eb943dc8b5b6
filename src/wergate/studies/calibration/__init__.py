"""Sensitivity of INT8 to the choice of calibration utterances."""

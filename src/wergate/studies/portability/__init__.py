"""Accuracy of INT8 on other instruction sets."""

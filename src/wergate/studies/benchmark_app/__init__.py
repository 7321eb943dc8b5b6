"""Comparison of the suite's own measurements with those of `benchmark_app`."""

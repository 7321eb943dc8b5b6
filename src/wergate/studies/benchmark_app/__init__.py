"""Our figures beside those of `benchmark_app`."""

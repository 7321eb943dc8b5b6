"""Studies: questions that take longer than a gate and run on request, one folder each."""

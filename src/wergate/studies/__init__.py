"""Studies: longer questions that run on request, one folder each."""

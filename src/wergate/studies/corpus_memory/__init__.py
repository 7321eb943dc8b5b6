"""Memory of an evaluation as a function of corpus size."""

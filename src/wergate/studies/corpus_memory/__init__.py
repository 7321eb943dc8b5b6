"""Memory that an evaluation takes, over the size of the corpus."""

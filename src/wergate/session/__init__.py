"""One run: what it makes, each thing once, from specs to evaluations."""

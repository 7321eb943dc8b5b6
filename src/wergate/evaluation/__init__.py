"""Evaluations: a variant's transcripts and logits of a corpus, held against the reference run."""

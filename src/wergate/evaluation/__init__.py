"""Evaluations: transcripts and logits of a variant on a corpus, compared with the reference run."""

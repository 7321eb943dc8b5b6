"""Corpora: where recordings come from, how they are decoded, and which of them are drawn."""

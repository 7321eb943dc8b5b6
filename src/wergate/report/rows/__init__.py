"""Rows that no other package owns: evaluations, executed work, verdicts, and what a run used."""

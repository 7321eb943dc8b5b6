"""Duels: two sides, each in a process of its own, that transcribe the same speech, and whose timed calls alternate."""

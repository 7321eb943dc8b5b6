"""Duels: two sides, each in a process of its own, that transcribe the same speech and take turns to be timed."""

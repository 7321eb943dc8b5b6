"""Which layers cost accuracy, and the smallest set that must stay in floating point."""

"""The gates that failed a run: worst first, and grouped by cause."""

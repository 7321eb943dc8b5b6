"""The history of runs: one small file for each run, series of figures, and steps in them."""

"""The output of a run: results, tables, summaries, exit codes, exported folders."""

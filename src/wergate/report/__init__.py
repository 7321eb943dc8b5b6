"""What a run leaves behind: results, tables, summaries, exit codes, exported folders."""

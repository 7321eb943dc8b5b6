"""Gates of a plain run: functions that turn measurements into verdicts."""

"""Significance of a WER difference on the same utterances: intervals, power, families of verdicts, MAPSSWE."""

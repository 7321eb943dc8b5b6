"""The folder of a run: results, utterances, timed calls and recordings, from which pages are made without inference."""

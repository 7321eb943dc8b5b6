"""Recognizers: what turns waveforms into logits, whatever runs it."""

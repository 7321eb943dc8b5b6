"""Corpora: sources of recordings, decoding of audio, and sampling of utterances."""

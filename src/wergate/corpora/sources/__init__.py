"""The forms in which a corpus can lie: the hub, parquet, manifests, LibriSpeech's own tree."""

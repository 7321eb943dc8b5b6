"""The formats of a corpus: data sets of the hub, parquet files, manifests, and LibriSpeech's folder tree."""

"""How latency and memory grow with the length of an utterance."""

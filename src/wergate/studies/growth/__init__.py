"""Growth of latency and memory with the length of an utterance."""

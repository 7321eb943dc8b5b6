"""Error rates of the latency verdict."""

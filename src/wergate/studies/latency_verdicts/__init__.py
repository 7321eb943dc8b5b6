"""How often the verdict on latency is wrong."""

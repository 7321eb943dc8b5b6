"""Throughput in seconds of speech per second, compared with the hardware limit."""

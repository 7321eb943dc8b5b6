"""Timing that holds on shared machines: interleaved pairs, noise, memory, and the gates on them."""

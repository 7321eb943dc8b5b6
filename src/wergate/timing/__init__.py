"""Timing that stays valid on shared machines: interleaved pairs, noise, memory growth, and their gates."""

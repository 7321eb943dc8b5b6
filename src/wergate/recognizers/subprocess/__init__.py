"""Recognizer in a separate process, for another instruction set or another runtime."""

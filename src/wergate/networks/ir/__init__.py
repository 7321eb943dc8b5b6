"""IRs: how they are made, read and compiled, and what they hold."""

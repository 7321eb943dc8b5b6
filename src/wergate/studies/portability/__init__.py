"""INT8 on other instruction sets."""

"""Evaluation on more than one machine: Ray runs the work, and this package states what a result means."""

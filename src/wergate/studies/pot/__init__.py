"""Comparison of NNCF with the Post-Training Optimization Tool (POT), and the steps of the POT tutorial."""

"""NNCF compared with the Post-Training Optimization Tool, and the steps that the tutorial printed."""

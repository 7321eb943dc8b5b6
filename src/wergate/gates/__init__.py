"""What a plain run judges: figures in, verdicts out."""

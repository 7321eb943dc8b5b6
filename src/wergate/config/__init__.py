"""What a suite file can say, and how it is read."""

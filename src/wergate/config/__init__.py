"""The keys of a suite file, and the code that reads it."""

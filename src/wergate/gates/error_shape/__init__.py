"""The shape of the errors behind a word error rate, and the gates on it."""

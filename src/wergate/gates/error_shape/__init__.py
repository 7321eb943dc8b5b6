"""The error shape behind a word error rate (kinds of errors, lengths, durations, worst utterances), and its gates."""

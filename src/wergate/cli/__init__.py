"""The command `wergate`: builds a call of pytest on the suite, says it, and passes its exit code on."""

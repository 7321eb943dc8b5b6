"""The session of one run: builds everything from specs to evaluations, each once and on demand."""

"""A recognizer in a process of its own, as another instruction set or runtime needs it."""

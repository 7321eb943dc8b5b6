"""CTC networks: what goes in, what comes out, and how frames become words."""

"""CTC networks: their inputs, their outputs and the decoding of frames into words."""

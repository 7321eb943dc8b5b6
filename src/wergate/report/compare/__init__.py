"""Two runs compared: word errors on the utterances that both have, and speed where the machine is the same."""

"""How much it matters which utterances INT8 is calibrated on."""

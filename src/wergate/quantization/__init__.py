"""From a reference model to its FP16 IR, and from there to INT8, in each way that there is."""

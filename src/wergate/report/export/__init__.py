"""A model that was gated, as a folder to publish."""

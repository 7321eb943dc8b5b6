"""The steps of `action.yml`: `python -m wergate.action run`, `comment` or `judge`."""

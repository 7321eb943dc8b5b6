"""Registers the suite's options, fixtures and hooks, which are in `fixtures/`."""

from fixtures import pytest_plugins  # noqa: F401 - pytest looks for this name

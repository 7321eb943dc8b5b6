"""Registers the suite's options and fixtures; what they do is told in `fixtures/`."""

pytest_plugins = [
    "fixtures.options",
    "fixtures.errors",
    "fixtures.exit_status",
    "fixtures.progress",
    "fixtures.models",
    "fixtures.machine",
    "fixtures.watch",
    "fixtures.report",
    "fixtures.regression",
    "fixtures.calibration",
    "fixtures.sensitivity",
    "fixtures.portability",
    "fixtures.benchmarks",
    "fixtures.turns",
    "fixtures.builds",
    "fixtures.baselines",
    "fixtures.witness",
    "fixtures.export",
    "fixtures.summary",
    "fixtures.junit",
]

"""Steps of the action: each reads the variables of its step and prints for the log."""

from __future__ import annotations

import os
import sys

from wergate.action.comment import comment
from wergate.action.inputs import read_inputs
from wergate.action.run import judge, run
from wergate.errors import SuiteError

_STEPS = {"run": run, "comment": comment, "judge": judge}
_USAGE = 4


def main(arguments: list[str]) -> int:
    """Take one step and return its exit code."""
    if len(arguments) != 1 or arguments[0] not in _STEPS:
        sys.stderr.write(f"usage: python -m wergate.action {'|'.join(_STEPS)}\n")
        return _USAGE
    try:
        return _STEPS[arguments[0]](read_inputs(os.environ))
    except SuiteError as error:
        sys.stdout.write(f"::error::{str(error).replace('%', '%25')}\n")  # the log decodes %0A
        return _USAGE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

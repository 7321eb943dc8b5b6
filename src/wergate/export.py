"""Command that verifies exported folders: `wergate verify FOLDER`, or `python -m wergate.export FOLDER`.

An exported folder holds the IR of a model that passed its gates, the processor files, a model card, and the results.
The results store the checksums of the other files. The command checks that all files still match them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from wergate.errors import SuiteError
from wergate.report.export.verify import verify_export


def main(arguments: Sequence[str]) -> int:
    """Verify exported folders and print one line for each.

    Returns:
        0 if all folders match their results, 1 if any differs, 2 if no folder was given.
    """
    if not arguments or arguments[0].startswith("-"):
        print("usage: python -m wergate.export FOLDER [FOLDER ...]", file=sys.stderr)  # noqa: T201 - a command
        return 2
    return max(_verify(Path(argument)) for argument in arguments)


def _verify(folder: Path) -> int:
    try:
        results = verify_export(folder)
    except SuiteError as error:
        print(f"DIFFERS {error}")  # noqa: T201
        return 1
    files = len(results.ir) + len(results.files)
    print(f"OK '{folder}': {results.model} {results.variant}, gates {results.verdict}, {files} files match")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A model that was gated as a folder of its own: IR, processor files, results bound to the IR by checksum, model card.

`python -m wergate.export FOLDER` tells whether the results in a folder still belong to the files beside them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from wergate.errors import SuiteError
from wergate.report.export.verify import verify_export


def main(arguments: Sequence[str]) -> int:
    """Verify exported folders, one line each: 0 where all hold, 1 where one does not, 2 without a folder."""
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
    print(f"OK '{folder}': {results.model} {results.variant}, gates {results.verdict}, {files} files as bound")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""python -m pot_driver JOB.json: do one step, and write what came of it to the job's `report`.

A step that fails leaves its traceback on standard error, which the caller keeps, and its message in the report.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pot_driver.conversion import convert
from pot_driver.inference import infer
from pot_driver.quantization import quantize

STEPS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "convert": convert,
    "infer": infer,
    "quantize": quantize,
}


def main(path: Path) -> int:
    """Do the step that a job names."""
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment] # absent, it is done without; it would send
    job = json.loads(path.read_text(encoding="utf-8"))
    try:
        report = STEPS[job["step"]](job)
    except Exception as error:  # noqa: BLE001 - whatever the legacy tools raise is told to the caller
        traceback.print_exc()
        report = {"error": str(error) or type(error).__name__}
    Path(job["report"]).write_text(json.dumps(report), encoding="utf-8")
    return 1 if "error" in report else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

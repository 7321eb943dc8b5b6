"""Command `python -m pot_driver JOB.json`: run one step and write its result to the job's `report` file.

If a step fails, its traceback goes to standard error, which the caller captures, and its message to the report.
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
    """Run the step of a job.

    Args:
        path: the job, a JSON file with the keys `step`, `report` and those of the step.

    Returns:
        0, or 1 if the step failed.
    """
    # OpenVINO sends usage data through this package, and does without it if the import fails.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    job = json.loads(path.read_text(encoding="utf-8"))
    try:
        report = STEPS[job["step"]](job)
    except Exception as error:  # noqa: BLE001 - the report carries any error of the legacy tools to the caller
        traceback.print_exc()
        report = {"error": str(error) or type(error).__name__}
    Path(job["report"]).write_text(json.dumps(report), encoding="utf-8")
    return 1 if "error" in report else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

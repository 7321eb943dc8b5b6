"""POT's IEEngine, which remembers the word error rates that it measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from openvino.tools.pot import IEEngine, save_model

from pot_driver.metric import NAME

# one request: several finish in any order, in threads that would share the metric
_CONFIG = {"device": "CPU", "stat_requests_number": 1, "eval_requests_number": 1}

_WITH_ALL_QUANTIZED = 2  # the second model that accuracy-aware quantization measures
FULLY_QUANTIZED = Path("fully_quantized.xml")  # in the temporary folder; POT's own copy is of its last try


class MeasuringEngine(IEEngine):  # type: ignore[misc] # the legacy environment alone has POT, and it has no types
    """Infers an utterance at a time, in f32 whatever the CPU would rather do.

    Attributes:
        wers: of each run that accuracy-aware quantization measured; first the FP16 model's, then all of INT8's.
    """

    def __init__(self, data_loader: Any, metric: Any) -> None:
        """Take what POT's engines take."""
        super().__init__(config=_CONFIG, data_loader=data_loader, metric=metric)
        self.wers: list[float] = []
        self._ie.set_property("CPU", {"INFERENCE_PRECISION_HINT": "f32"})  # POT has no way to say it

    def predict(self, *args: Any, **options: Any) -> Any:
        """Run the data through the model; figures per sample are asked for where POT measures a whole model."""
        found = super().predict(*args, **options)
        if options.get("metric_per_sample"):
            self.wers.append(found[0][1][NAME])
            if len(self.wers) == _WITH_ALL_QUANTIZED:
                save_model(self._nx_model, str(FULLY_QUANTIZED.parent), FULLY_QUANTIZED.stem, for_stat_collection=True)
        return found

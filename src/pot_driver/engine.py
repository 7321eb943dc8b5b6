"""POT's IEEngine, extended to record the word error rates that it measures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from openvino.tools.pot import IEEngine, save_model

from pot_driver.metric import NAME

# Several requests would finish in any order, in threads that share the metric.
_CONFIG = {"device": "CPU", "stat_requests_number": 1, "eval_requests_number": 1}

_FULLY_QUANTIZED_RUN = 2  # the second model that accuracy-aware quantization measures is fully quantized
FULLY_QUANTIZED = Path("fully_quantized.xml")  # in the temporary folder, because POT keeps only its last attempt


class MeasuringEngine(IEEngine):  # type: ignore[misc] # only the legacy environment has POT, which has no types
    """Runs one utterance at a time, in f32 even on CPUs that default to bf16.

    Attributes:
        wers: word error rates that accuracy-aware quantization measured, as fractions: the FP16 model's first, then
            that of each INT8 model.
    """

    def __init__(self, data_loader: Any, metric: Any) -> None:
        """Set the data loader and the metric, as for POT's own engines."""
        super().__init__(config=_CONFIG, data_loader=data_loader, metric=metric)
        self.wers: list[float] = []
        # POT's configuration has no option for the inference precision.
        self._ie.set_property("CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def predict(self, *args: Any, **options: Any) -> Any:
        """Run the data through the model, and record the word error rate if POT measures a whole model."""
        prediction = super().predict(*args, **options)
        # POT asks for the metric per sample only when it measures a whole model.
        if options.get("metric_per_sample"):
            self.wers.append(prediction[0][1][NAME])
            if len(self.wers) == _FULLY_QUANTIZED_RUN:
                save_model(self._nx_model, str(FULLY_QUANTIZED.parent), FULLY_QUANTIZED.stem, for_stat_collection=True)
        return prediction

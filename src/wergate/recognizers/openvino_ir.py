"""An IR compiled by OpenVINO, with the inference precision always said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openvino as ov

from wergate.audio import Samples
from wergate.ctc import Logits
from wergate.errors import SuiteError
from wergate.frontend import Frontend
from wergate.recognizers import features


class OpenVinoRecognizer:
    """Runs an IR with dynamic shapes, one inference at a time."""

    def __init__(self, path: Path, frontend: Frontend, *, device: str, inference_precision: str) -> None:
        """Compile an IR.

        Args:
            path: the `.xml`, its `.bin` beside it.
            inference_precision: "f32" or "bf16"; the IR's own precision says nothing about it.

        Raises:
            SuiteError: the device does not exist or cannot run the model.
        """
        self.frontend = frontend
        core = ov.Core()
        options = {"INFERENCE_PRECISION_HINT": inference_precision, "PERFORMANCE_HINT": "LATENCY"}
        try:
            self._compiled = core.compile_model(path, device, options)
        except RuntimeError as error:
            raise SuiteError(
                f"device '{device}' cannot run the model: {str(error).strip().splitlines()[-1]}; "
                f"available here: {', '.join(core.available_devices)}; check --device"
            ) from error
        self._request = self._compiled.create_infer_request()
        self._settle()

    def _settle(self) -> None:
        """Let the first inference have many frames.

        OpenVINO 2026.4.1 gives wrong logits ever after where the first inference of an FP16 IR has a single
        frame (see docs/one-frame-first.md for the reproduction).
        """
        self._request.infer({0: np.zeros((1, self.frontend.sampling_rate), np.float32)})

    def logits(self, waveforms: Samples) -> Logits:
        """See `Recognizer.logits`."""
        batch = features(self.frontend, waveforms)
        output = self._request.infer({0: batch}, share_inputs=True)[0]
        return np.array(output, dtype=np.float32)

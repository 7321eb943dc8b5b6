"""An IR run by OpenVINO 2023.3, in the legacy environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wergate.corpora.audio import Samples
from wergate.errors import SuiteError
from wergate.networks.ctc import Logits
from wergate.networks.frontend import Frontend
from wergate.quantization.legacy import Legacy, LegacyError, run_step
from wergate.recognizers.base import features


class LegacyRecognizer:
    """Hands each batch of utterances over as files; a process of its own runs them and ends."""

    def __init__(self, path: Path, frontend: Frontend, legacy: Legacy, *, folder: Path) -> None:
        """Take an IR.

        Args:
            path: the `.xml`, its `.bin` beside it.
            folder: where temporary folders and the log are made.
        """
        self.frontend = frontend
        self._path = path
        self._legacy = legacy
        self._folder = folder

    def logits(self, waveforms: Samples) -> Logits:
        """See `Recognizer.logits`."""
        return np.stack(self.logits_of(list(waveforms)))

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        """See `Recognizer.logits_of`.

        Raises:
            SuiteError: OpenVINO 2023.3 does not take the IR.
        """
        found: list[Logits] = []

        def job(work: Path) -> Mapping[str, Any]:
            files = [work / f"{number}.npy" for number in range(len(utterances))]
            for file, samples in zip(files, utterances, strict=True):
                used = self.frontend.used_samples(len(samples))
                np.save(file, features(self.frontend, samples[None])[:, :used], allow_pickle=False)
            return {"ir": str(self._path), "files": [str(file) for file in files]}

        def read(work: Path) -> None:
            found.extend(np.load(work / f"{n}.logits.npy", allow_pickle=False)[0] for n in range(len(utterances)))

        try:
            run_step(self._legacy, "infer", job, folder=self._folder, log=self._log, read=read)
        except LegacyError as error:
            raise SuiteError(
                f"IR '{self._path.parent.name}/{self._path.name}' cannot be run by OpenVINO 2023.3: {error.reason}; an "
                "IR without operations that are newer than it is needed; leave it out, or convert it anew with "
                f"2023.3; its log is kept in '{error.log}'"
            ) from error
        return found

    @property
    def _log(self) -> Path:
        return self._folder / "logs" / f"infer-{self._path.parent.name}.log"

"""The IR that a side builds for itself: its release converts the model, and quantizes it if it has NNCF."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wergate.config.models import ModelSettings
from wergate.corpora.corpus import Corpus
from wergate.disk.files import write_part
from wergate.duel.environment import Environment
from wergate.duel.worker import DriverProcess
from wergate.environment.digest import source_digest
from wergate.models.base import ReferenceModel
from wergate.networks.frontend import Frontend
from wergate.networks.ir.conversion import MODEL_FILE
from wergate.networks.ir.file import ir_signature
from wergate.progress import Progress
from wergate.quantization.fp16 import fp16_parts
from wergate.store import Artifact, Store, text_digest

_DRIVER = Path(__file__).parents[2] / "duel_driver"
_FP16, _INT8 = "fp16", "int8"
_NNCF = "nncf=="


@dataclass(frozen=True)
class OwnBuild:
    """The inputs of a build.

    Attributes:
        name: the side in messages.
        environment: its Python.
        model: the reference model, which is exported to ONNX once by this run.
        settings: settings of the model; the preset and the subset size apply to every side.
        frontend: features, frame geometry and alphabet of the model.
        calibration: utterances to calibrate INT8 on.
        patience_s: longest time of one step.
        log: file for the output of its process.
    """

    name: str
    environment: Environment
    model: ReferenceModel
    settings: ModelSettings
    frontend: Frontend
    calibration: Corpus
    patience_s: float
    log: Path

    @property
    def quantizes(self) -> bool:
        """True if the environment has NNCF."""
        return any(name.startswith(_NNCF) for name in self.environment.wheels)


def own_ir(store: Store, build: OwnBuild, progress: Progress) -> Artifact:
    """Return the IR that a side builds: INT8 if its environment has NNCF, else FP16.

    Raises:
        SideError: its release cannot convert or quantize the model.
    """
    parts = {
        "model": fp16_parts(build.model),
        "wheels": dict(build.environment.wheels),
        "driver": text_digest("\0".join(path.read_text(encoding="utf-8") for path in sorted(_DRIVER.glob("*.py")))),
        "calibration": dict(build.calibration.digests) if build.quantizes else {},
        "quantization": build.settings.quantization.model_dump(mode="json") if build.quantizes else {},
        "source": source_digest(__name__),
    }

    def make(folder: Path) -> None:
        for _ in progress([folder], f"side {build.name} builds its own IR", 1):
            _make(build, folder)

    return store.get("duel-ir", parts, make)


def _make(build: OwnBuild, folder: Path) -> None:
    work = folder / "work"
    work.mkdir()
    process = DriverProcess(build.environment.python, build.name, build.log, build.patience_s)
    try:
        fp16 = folder / MODEL_FILE if not build.quantizes else work / f"{_FP16}.xml"
        process.run({"do": "convert", "onnx": str(build.model.onnx(work)), "ir": str(fp16)})
        if build.quantizes:
            _write_calibration(build, fp16, work / "calibration")
            quantization = build.settings.quantization
            process.run(
                {
                    "do": "quantize",
                    "ir": str(fp16),
                    "out": str(folder / MODEL_FILE),
                    "calibration": str(work / "calibration"),
                    "preset": quantization.preset,
                    "subset_size": quantization.subset_size,
                }
            )
    finally:
        process.close()
        shutil.rmtree(work, ignore_errors=True)
    write_part(folder / "precision.txt", _INT8 if build.quantizes else _FP16)


def _write_calibration(build: OwnBuild, ir: Path, folder: Path) -> None:
    """Write the values of all inputs for each calibration utterance, by position."""
    folder.mkdir()
    frontend = build.frontend
    signature = ir_signature(ir, len(frontend.alphabet.labels))
    for number, utterance in enumerate(build.calibration.utterances(frontend.sampling_rate)):
        feed = signature.feed(frontend.features(utterance.waveform.samples)[None])
        np.savez(folder / f"{number:05}.npz", allow_pickle=False, **{str(key): value for key, value in feed.items()})

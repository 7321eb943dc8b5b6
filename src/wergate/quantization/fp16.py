"""Reference model to FP16 IR: weights in half precision, both input dimensions dynamic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wergate.environment.digest import source_digest
from wergate.environment.machine import versions
from wergate.models.base import ReferenceModel
from wergate.networks.frontend import write_frontend
from wergate.networks.ir.conversion import FRONTEND_FILE, MODEL_FILE
from wergate.progress import Progress
from wergate.store import Artifact, Store


def fp16_parts(model: ReferenceModel) -> dict[str, Any]:
    """Return the parts of the artifact's key: everything that the FP16 IR depends on."""
    return {
        "checkpoint": model.digest,
        "versions": versions(("openvino", *model.packages)),
        "source": source_digest(__name__, type(model).__module__),
    }


def fp16_ir(store: Store, model: ReferenceModel, progress: Progress) -> Artifact:
    """Return the FP16 IR of a model: `model.xml`, `model.bin` and `frontend.json`."""

    def build(folder: Path) -> None:
        for target in progress([folder / MODEL_FILE], f"converting {model.name}", 1):
            write_frontend(model.frontend(), folder / FRONTEND_FILE)
            model.convert(target)

    return store.get("fp16-ir", fp16_parts(model), build)

"""FP16 IR to an IR with 8-bit weights only: it is smaller, but computes in floating point."""

from __future__ import annotations

import shutil
from pathlib import Path

from wergate.config.quantization import IgnoredScope
from wergate.environment.digest import source_digest
from wergate.environment.machine import versions
from wergate.networks.ir.conversion import FRONTEND_FILE, MODEL_FILE, save_ir
from wergate.progress import Progress
from wergate.quantization.nncf import nncf_function, refused_scope, require_matches
from wergate.store import Artifact, Store


def weights_ir(store: Store, fp16: Artifact, *, scope: IgnoredScope, progress: Progress) -> Artifact:
    """Return an IR with 8-bit weights: `model.xml`, `model.bin` and `frontend.json`.

    Args:
        store: the store.
        fp16: artifact of the FP16 IR.
        scope: operations whose weights stay in half precision.
        progress: progress display.
    """
    parts = {
        "fp16": fp16.key,
        "scope": scope.model_dump(),
        "versions": versions(("openvino", "nncf")),
        "source": source_digest(__name__),
    }

    def build(folder: Path) -> None:
        for target in progress([folder / MODEL_FILE], "compressing weights", 1):
            compress_weights(fp16.file(MODEL_FILE), scope, target)
        shutil.copyfile(fp16.file(FRONTEND_FILE), folder / FRONTEND_FILE)

    return store.get("int8-weights-ir", parts, build)


def compress_weights(fp16_path: Path, scope: IgnoredScope, path: Path) -> None:
    """Compress an IR's weights to 8 bits, with a scale and a zero point per output channel, and save it.

    Raises:
        SuiteError: a part of the ignored scope matches no operation.
    """
    compress = nncf_function("compress_weights", quantizer="int8-weights")
    import nncf
    import openvino as ov

    model = ov.Core().read_model(fp16_path)
    require_matches(scope, model)
    try:
        ignored = nncf.IgnoredScope(names=scope.names, patterns=scope.patterns, types=scope.types)
        compressed = compress(model, mode=nncf.CompressWeightsMode.INT8_ASYM, ignored_scope=ignored)
    except nncf.ValidationError as error:
        raise refused_scope(error) from error
    save_ir(compressed, path)

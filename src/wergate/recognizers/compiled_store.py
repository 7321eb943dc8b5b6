"""Compiled models as artifacts: compiling for a bucket is done once for an IR, a machine and a runtime."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import openvino as ov

from wergate.recognizers import openvino_ir
from wergate.recognizers.openvino_ir import compile_ir
from wergate.store import Store, file_digest
from wergate.toolchain import cpu, source_digest, versions

_BLOB = "model.blob"
_WITHOUT_WEIGHTS = {"CACHE_MODE": "OPTIMIZE_SIZE"}  # they stay where they are, in the IR's .bin


def static_options(inference_precision: str, streams: int) -> dict[str, str]:
    """Return what the CPU plugin is told for fixed lengths.

    Without its kernels of fused elementwise operations, which it has for fixed lengths only, INT8 is bit-equal to the
    dynamic model (docs/padding.md). Streams of several compiled models share the cores, so none is pinned to one.
    """
    return {
        "INFERENCE_PRECISION_HINT": inference_precision,
        "NUM_STREAMS": str(streams),
        "ENABLE_CPU_PINNING": "NO",
        "SNIPPETS_MODE": "DISABLE",
    }


def stored_compiler(store: Store, path: Path, options: Mapping[str, str]) -> Callable[[int], ov.CompiledModel]:
    """Return what compiles an IR for one utterance of so many samples, or finds it compiled.

    Args:
        path: the `.xml`, its `.bin` beside it.
        options: of the CPU plugin.
    """
    parts = {
        "ir": {suffix: file_digest(path.with_suffix(suffix)) for suffix in (".xml", ".bin")},
        "options": dict(options),
        "cpu": [*cpu().identity, *cpu().flags],
        "versions": versions(("openvino",)),
        "source": source_digest(sys.modules[__name__], openvino_ir),
    }

    def compiled(samples: int) -> ov.CompiledModel:
        fresh: list[ov.CompiledModel] = []

        def build(folder: Path) -> None:
            fresh.append(compile_ir(path, "CPU", {**options, **_WITHOUT_WEIGHTS}, samples=samples))
            (folder / _BLOB).write_bytes(bytes(fresh[0].export_model().getbuffer()))

        artifact = store.get("compiled-model", parts | {"samples": samples}, build)
        return fresh[0] if fresh else _imported(artifact.file(_BLOB), path, options)

    return compiled


def _imported(blob: Path, path: Path, options: Mapping[str, str]) -> ov.CompiledModel:
    weights = {"WEIGHTS_PATH": str(path.with_suffix(".bin"))}
    return ov.Core().import_model(blob.read_bytes(), "CPU", {**options, **_WITHOUT_WEIGHTS, **weights})

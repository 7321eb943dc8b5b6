"""Compiled models as artifacts: compiling for a bucket is done once for an IR, a machine and a runtime.

So is what their streams are tried with: the dynamic model's logits of the probe. Where both are found, a corpus is
begun without compiling anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov

from wergate.corpora.audio import Samples
from wergate.environment import cpu, source_digest, versions
from wergate.networks.ctc import Logits
from wergate.networks.frontend import Frontend
from wergate.networks.ir.file import compile_ir, ir_signature
from wergate.recognizers.bucketed import Compilable
from wergate.recognizers.openvino import OpenVinoRecognizer
from wergate.recognizers.stored_logits import read_logits, stored_logits
from wergate.store import Store, file_digest

_BLOB = "model.blob"
_WITHOUT_WEIGHTS = {"CACHE_MODE": "OPTIMIZE_SIZE"}  # they stay where they are, in the IR's .bin


def static_options(inference_precision: str, streams: int, *, fused: bool = True) -> dict[str, str]:
    """Return what the CPU plugin is told for fixed lengths.

    Streams of several compiled models share the cores, so none is pinned to one.

    Args:
        fused: with the kernels of fused operations that it has for fixed lengths only; without them INT8 is bit-equal
            to the dynamic model (docs/padding.md).
    """
    options = {"INFERENCE_PRECISION_HINT": inference_precision, "NUM_STREAMS": str(streams)}
    return options | {"ENABLE_CPU_PINNING": "NO"} | ({} if fused else {"SNIPPETS_MODE": "DISABLE"})


def compilable(
    store: Store, path: Path, loop: Callable[[], OpenVinoRecognizer], frontend: Frontend, options: Mapping[str, str]
) -> Compilable:
    """Return what runs an IR in buckets, whose compilations and probes are kept in a store.

    Args:
        path: the `.xml`, its `.bin` beside it.
        loop: compiles it for any length.
        options: of the CPU plugin, for fixed lengths.
    """
    parts = _parts(path, frontend, options)
    return Compilable(
        frontend,
        ir_signature(path, len(frontend.alphabet.labels)),
        _stored_compiler(store, path, options, parts),
        loop,
        _stored_logits(store, loop, parts),
    )


def _parts(path: Path, frontend: Frontend, options: Mapping[str, str]) -> dict[str, Any]:
    return {
        "ir": {suffix: file_digest(path.with_suffix(suffix)) for suffix in (".xml", ".bin")},
        "frontend": asdict(frontend),
        "options": dict(options),
        "cpu": [*cpu().identity, *cpu().flags],
        "versions": versions(("numpy", "openvino")),
        "source": source_digest(__name__),
    }


def _stored_compiler(
    store: Store, path: Path, options: Mapping[str, str], parts: Mapping[str, Any]
) -> Callable[[int], ov.CompiledModel]:
    """Return what compiles an IR for one utterance of so many samples, or finds it compiled."""

    def compiled(samples: int) -> ov.CompiledModel:
        fresh: list[ov.CompiledModel] = []

        def build(folder: Path) -> None:
            fresh.append(compile_ir(path, "CPU", {**options, **_WITHOUT_WEIGHTS}, samples=samples))
            (folder / _BLOB).write_bytes(bytes(fresh[0].export_model().getbuffer()))

        artifact = store.get("compiled-model", {**parts, "samples": samples}, build)
        return fresh[0] if fresh else _imported(artifact.file(_BLOB), path, options)

    return compiled


def _stored_logits(
    store: Store, loop: Callable[[], OpenVinoRecognizer], parts: Mapping[str, Any]
) -> Callable[[Samples], Logits]:
    """Return what gives the dynamic model's logits, shape (frames, vocabulary), of a waveform, shape (samples,)."""

    def logits(waveform: Samples) -> Logits:
        artifact = stored_logits(store, "stream-probe", parts, waveform[None], lambda batch: loop().logits(batch))
        return np.asarray(read_logits(artifact)[0])

    return logits


def _imported(blob: Path, path: Path, options: Mapping[str, str]) -> ov.CompiledModel:
    weights = {"WEIGHTS_PATH": str(path.with_suffix(".bin"))}
    return ov.Core().import_model(blob.read_bytes(), "CPU", {**options, **_WITHOUT_WEIGHTS, **weights})

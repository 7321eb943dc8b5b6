"""Store of compiled models: each bucket is compiled once per IR, machine and runtime.

The store also keeps the dynamic model's logits of the probe that verifies the streams. If both are stored, the
transcription of a corpus starts without compiling anything.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov

from wergate.corpora.audio import Samples
from wergate.disk.files import write_part
from wergate.environment.digest import source_digest
from wergate.environment.machine import cpu, thread_options, versions
from wergate.errors import SuiteError
from wergate.networks.ctc import Logits
from wergate.networks.frontend import Frontend
from wergate.networks.ir.file import compile_ir, ir_signature, named
from wergate.networks.ir.precision import INFERENCE_PRECISION
from wergate.recognizers.bucketed import Compilable
from wergate.recognizers.openvino import OpenVinoRecognizer
from wergate.recognizers.stored_logits import read_logits, stored_logits
from wergate.steps import lacks_memory, said
from wergate.store import DamagedArtifactWarning, Store, file_digest

_KIND = "compiled-model"
_BLOB = "model.blob"
_WITHOUT_WEIGHTS = {"CACHE_MODE": "OPTIMIZE_SIZE"}  # the blob refers to the weights in the IR's .bin


def static_options(inference_precision: str, streams: int, *, fused: bool = True) -> dict[str, str]:
    """Return the options of the CPU plugin for models with a fixed length.

    Args:
        inference_precision: "f32" or "bf16".
        streams: parallel inferences.
        fused: use the plugin's fused kernels, which exist for fixed lengths only. Without them, INT8 logits equal those
            of the dynamic model bit by bit (docs/studies/padding.md).
    """
    options = {INFERENCE_PRECISION: inference_precision, "NUM_STREAMS": str(streams), **thread_options()}
    # The streams of all buckets share the cores, so no stream may be pinned to one core.
    return options | {"ENABLE_CPU_PINNING": "NO"} | ({} if fused else {"SNIPPETS_MODE": "DISABLE"})


def compilable(
    store: Store,
    path: Path,
    compile_dynamic: Callable[[], OpenVinoRecognizer],
    frontend: Frontend,
    options: Mapping[str, str],
) -> Compilable:
    """Return an IR with functions that compile it and keep compiled models and probes in a store.

    Args:
        store: the store.
        path: the `.xml`, with its `.bin` in the same folder.
        compile_dynamic: compiles the IR for any length.
        frontend: features, frame geometry and alphabet of the network.
        options: options of the CPU plugin for fixed lengths.
    """
    parts = _parts(path, frontend, options)
    compiler = _Compiler(store, path, options, parts)
    return Compilable(
        frontend,
        ir_signature(path, len(frontend.alphabet.labels)),
        compiler.load,
        compiler.build,
        compile_dynamic,
        _stored_logits(store, compile_dynamic, parts),
        options[INFERENCE_PRECISION],
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


@dataclass(frozen=True)
class _Compiler:
    """Compiles an IR for one utterance of a given number of samples, and keeps the compiled models in a store."""

    store: Store
    path: Path
    options: Mapping[str, str]
    parts: Mapping[str, Any]

    def load(self, samples: int) -> ov.CompiledModel:
        """Load the compiled model, or compile the IR if the store has none that fits it."""
        fresh: list[ov.CompiledModel] = []
        artifact = self.store.get(_KIND, self._parts_for(samples), partial(self._build, samples, fresh))
        if fresh:
            return fresh[0]
        try:
            return _imported(artifact.file(_BLOB), self.path, self.options)
        except RuntimeError as error:
            if lacks_memory(error):
                raise
            warnings.warn(
                f"{_KIND} {artifact.folder.name[:8]} does not fit {named(self.path)}: {said(error)}; rebuilding it",
                DamagedArtifactWarning,
                stacklevel=2,
            )
            return self.build(samples)

    def build(self, samples: int) -> ov.CompiledModel:
        """Compile the IR, and replace the stored model if the store can be written."""
        fresh: list[ov.CompiledModel] = []
        with contextlib.suppress(SuiteError):  # a run from a read-only store continues
            self.store.rebuild(_KIND, self._parts_for(samples), partial(self._build, samples, fresh))
        return fresh[0] if fresh else self._compiled(samples)

    def _build(self, samples: int, fresh: list[ov.CompiledModel], folder: Path) -> None:
        fresh.append(self._compiled(samples))
        write_part(folder / _BLOB, bytes(fresh[0].export_model().getbuffer()))

    def _compiled(self, samples: int) -> ov.CompiledModel:
        return compile_ir(self.path, "CPU", {**self.options, **_WITHOUT_WEIGHTS}, samples=samples)

    def _parts_for(self, samples: int) -> dict[str, Any]:
        return {**self.parts, "samples": samples}


def _stored_logits(
    store: Store, compile_dynamic: Callable[[], OpenVinoRecognizer], parts: Mapping[str, Any]
) -> Callable[[Samples], Logits]:
    """Return a function from a waveform, shape (samples,), to the dynamic model's logits, (frames, vocabulary)."""

    def logits(waveform: Samples) -> Logits:
        artifact = stored_logits(
            store, "stream-probe", parts, waveform[None], lambda batch: compile_dynamic().logits(batch)
        )
        return np.asarray(read_logits(artifact)[0])

    return logits


def _imported(blob: Path, path: Path, options: Mapping[str, str]) -> ov.CompiledModel:
    weights = {"WEIGHTS_PATH": str(path.with_suffix(".bin"))}
    return ov.Core().import_model(blob.read_bytes(), "CPU", {**options, **_WITHOUT_WEIGHTS, **weights})

"""Four PyTorch modes that run a checkpoint on a CPU: eager, compiled, bfloat16 autocast and dynamic INT8."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch

from wergate.corpora.audio import Samples
from wergate.environment.machine import cpu
from wergate.models.checkpoint import Checkpoint, load_model
from wergate.networks.ctc import Logits
from wergate.networks.frontend import Frontend
from wergate.recognizers.base import Recognizer
from wergate.recognizers.pytorch import PyTorchRecognizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor


class _Autocast(PyTorchRecognizer):
    """A recognizer that runs in bfloat16 every operation on autocast's list."""

    def logits(self, waveforms: Samples) -> Logits:
        """See `Recognizer.logits`."""
        # autocast is thread-local, so every call enters it in the thread that runs the inference
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return super().logits(waveforms)


def _compiled(model: PreTrainedModel) -> Any:
    import torch._inductor.config as inductor

    inductor.freezing = True  # weights become constants, and oneDNN can pack them
    return torch.compile(model, dynamic=True)


def _quantized(model: PreTrainedModel) -> Any:
    torch.backends.quantized.engine = "x86"
    with warnings.catch_warnings():
        # torch.ao is deprecated and warns, but its successor torchao
        # has CPU kernels only through Inductor
        warnings.simplefilter("ignore")
        quantize: Any = torch.ao.quantization.quantize_dynamic  # untyped
        return quantize(model, {torch.nn.Linear}, dtype=torch.qint8)


def _unchanged(model: PreTrainedModel) -> Any:
    return model


_PREPARE: Mapping[str, Callable[[PreTrainedModel], Any]] = {
    "pytorch-eager": _unchanged,
    "pytorch-compile": _compiled,
    "pytorch-bf16": _unchanged,
    "pytorch-int8": _quantized,
}


class PyTorchPeer:
    """A checkpoint, loaded once for single utterances and for a corpus."""

    def __init__(self, key: str, checkpoint: Checkpoint, frontend: Frontend) -> None:
        """Load the checkpoint, and compile or quantize it as the peer requires."""
        self._key = key
        self._frontend = frontend
        loaded = load_model(checkpoint)
        self._model = _PREPARE[key](loaded)
        self.size_bytes = _saved_bytes(self._model) if key == "pytorch-int8" else _parameter_bytes(loaded)

    def recognizer(self, streams: int) -> Recognizer:
        """Return a recognizer that runs `streams` utterances in parallel."""
        kind = _Autocast if self._key == "pytorch-bf16" else PyTorchRecognizer
        alone = kind(self._frontend, lambda: self._model)
        if streams == 1 or self._key == "pytorch-compile":
            torch.set_num_threads(cpu().cores)
            return alone
        torch.set_num_threads(1)
        return Threaded(alone, streams, lambda: torch.set_num_threads(1))


def _parameter_bytes(model: PreTrainedModel) -> int:
    return sum(parameter.numel() * parameter.element_size() for parameter in model.parameters())


def _saved_bytes(model: Any) -> int:
    """Return the size of the saved weights. Packed weights are not listed among the parameters."""
    stream = io.BytesIO()
    torch.save(model.state_dict(), stream)
    return stream.tell()


class Threaded:
    """A recognizer that is called from several threads; its inferences must release the interpreter lock."""

    def __init__(self, recognizer: Recognizer, threads: int, prepare: Callable[[], object]) -> None:
        """Start the thread pool.

        Args:
            recognizer: the recognizer that every thread calls.
            threads: number of threads.
            prepare: called first in each thread.
        """
        self.frontend = recognizer.frontend
        self._recognizer = recognizer
        self._pool = ThreadPoolExecutor(threads, initializer=prepare)

    def logits(self, waveforms: Samples) -> Logits:
        """See `Recognizer.logits`."""
        return self._recognizer.logits(waveforms)

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        """See `Recognizer.logits_of`."""
        # the longest utterances start first, so that no thread is left with a long one at the end
        longest_first = sorted(range(len(utterances)), key=lambda number: -len(utterances[number]))
        running = {
            number: self._pool.submit(self._recognizer.logits, utterances[number][None]) for number in longest_first
        }
        return [running[number].result()[0] for number in range(len(utterances))]

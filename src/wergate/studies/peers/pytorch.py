"""PyTorch's four ways to run a checkpoint on a CPU."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch

from wergate.corpora.audio import Samples
from wergate.environment import cpu
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
    """Runs in bfloat16 whatever autocast lists for it; autocast is each thread's own."""

    def logits(self, waveforms: Samples) -> Logits:
        """See `Recognizer.logits`."""
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return super().logits(waveforms)


def _compiled(model: PreTrainedModel) -> Any:
    import torch._inductor.config as inductor

    inductor.freezing = True  # weights become constants, packed for oneDNN
    return torch.compile(model, dynamic=True)


def _quantized(model: PreTrainedModel) -> Any:
    torch.backends.quantized.engine = "x86"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.ao is deprecated; torchao has no CPU kernels outside Inductor
        quantize: Any = torch.ao.quantization.quantize_dynamic  # untyped
        return quantize(model, {torch.nn.Linear}, dtype=torch.qint8)


def _as_it_is(model: PreTrainedModel) -> Any:
    return model


_MADE: Mapping[str, Callable[[PreTrainedModel], Any]] = {
    "pytorch-eager": _as_it_is,
    "pytorch-compile": _compiled,
    "pytorch-bf16": _as_it_is,
    "pytorch-int8": _quantized,
}


class PyTorchPeer:
    """A checkpoint, loaded once, for single utterances and for a corpus."""

    def __init__(self, key: str, checkpoint: Checkpoint, frontend: Frontend) -> None:
        """Load the checkpoint and make of it what the peer runs."""
        self._key = key
        self._frontend = frontend
        loaded = load_model(checkpoint)
        self._model = _MADE[key](loaded)
        self.size_bytes = _saved_bytes(self._model) if key == "pytorch-int8" else _parameter_bytes(loaded)

    def recognizer(self, streams: int) -> Recognizer:
        """Return the recognizer for that many utterances at a time."""
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
    """Return what the weights take when they are saved; packed ones are no parameters."""
    stream = io.BytesIO()
    torch.save(model.state_dict(), stream)
    return stream.tell()


class Threaded:
    """A recognizer whose inferences release the interpreter, called from several threads."""

    def __init__(self, recognizer: Recognizer, threads: int, prepare: Callable[[], object]) -> None:
        """Take what each thread does first."""
        self.frontend = recognizer.frontend
        self._recognizer = recognizer
        self._pool = ThreadPoolExecutor(threads, initializer=prepare)

    def logits(self, waveforms: Samples) -> Logits:
        """See `Recognizer.logits`."""
        return self._recognizer.logits(waveforms)

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        """See `Recognizer.logits_of`; the longest begin, so that no thread is left alone with one."""
        longest_first = sorted(range(len(utterances)), key=lambda number: -len(utterances[number]))
        running = {
            number: self._pool.submit(self._recognizer.logits, utterances[number][None]) for number in longest_first
        }
        return [running[number].result()[0] for number in range(len(utterances))]

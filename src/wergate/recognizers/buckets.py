"""Choice of buckets: the few fixed lengths to pad a corpus to, at the lowest cost of padding and compiling."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wergate.config.quantization import BucketSettings
from wergate.networks.frontend import Frontend
from wergate.networks.ir.file import fix_length, read_ir


@dataclass(frozen=True)
class Buckets:
    """Fixed lengths to which utterances are padded.

    Attributes:
        lengths: lengths in samples, ascending; each is the length of the longest utterance in its bucket.
        work: samples of all utterances that have a bucket.
        padded_work: samples of the same utterances after padding.
    """

    lengths: tuple[int, ...]
    work: int = 0
    padded_work: int = 0

    def of(self, samples: int) -> int | None:
        """Return the length of the smallest bucket for an utterance; None if the utterance is too long for all."""
        return next((length for length in self.lengths if length >= samples), None)

    @property
    def padding(self) -> float:
        """Fraction of the padded work that is padding."""
        return 1 - self.work / self.padded_work if self.padded_work else 0.0


def choices(samples: Sequence[int], *, compiling: int, most: int, longest: int) -> Iterator[Buckets]:
    """Yield the buckets that minimize the padded samples plus the cost of compiling, then the best with one fewer, etc.

    The results are exact minima, by dynamic programming. In an optimum each bucket is as long as its longest utterance,
    and it contains all utterances between two lengths. So the cheapest cover of the n shortest lengths with b buckets
    is the minimum over k < n: cover the k shortest lengths with b - 1 buckets, and pad the others to the longest of the
    n. As a function of b, that cost is convex, because padding has the Monge property: padding lengths i to j and k to
    l, i <= k <= j <= l, costs no more than padding i to l and k to j. So the number of buckets is found where the cost
    rises first.

    Args:
        samples: number of samples of each utterance.
        compiling: cost of compiling for one bucket, as a number of samples whose inference takes as long.
        most: largest number of buckets.
        longest: largest number of samples of an utterance that gets a bucket.
    """
    short = np.array([length for length in samples if length <= longest], dtype=np.int64)
    if not len(short):
        return
    lengths, counts = np.unique(short, return_counts=True)
    steps = list(_cheapening(lengths, np.concatenate(([0], np.cumsum(counts))), compiling, most))
    for number in range(len(steps), 0, -1):
        chosen = tuple(int(lengths[end]) for end in _ends(steps[:number]))
        padded = np.array(chosen)[np.searchsorted(chosen, short)]
        yield Buckets(chosen, int(short.sum()), int(padded.sum()))


def corpus_buckets(
    durations_s: Iterable[float], frontend: Frontend, settings: BucketSettings, memory: CompiledMemory
) -> Buckets:
    """Return the cheapest buckets of a corpus that fit into memory; each is as long as a number of whole frames.

    Args:
        durations_s: durations of the utterances in seconds.
        frontend: frame geometry of the network.
        settings: largest number of buckets, cost of compiling, longest bucket and memory.
        memory: memory that each compiled model takes.
    """
    rate = frontend.sampling_rate
    samples = [frontend.whole_frames(math.ceil(duration_s * rate)) for duration_s in durations_s]
    compiling, longest = round(settings.compiling_s * rate), round(settings.longest_s * rate)
    found = choices(samples, compiling=compiling, most=settings.most, longest=longest)
    return next((each for each in found if memory.of(each.lengths) <= settings.memory_gb * 1e9), Buckets(()))


def _cheapening(
    lengths: npt.NDArray[np.int64], upto: npt.NDArray[np.int64], compiling: int, most: int
) -> Iterator[npt.NDArray[np.int64]]:
    """Yield, for each number of buckets up to the cheapest one, where the last bucket of the n shortest lengths begins.

    Args:
        upto: number of utterances below each position of `lengths`.
    """
    count = len(lengths)
    # cost[n] is the cost of covering the n shortest lengths
    cost = np.full(count + 1, np.iinfo(np.int64).max // 4, dtype=np.int64)
    cost[0] = 0
    for _ in range(min(most, count)):
        before = cost[count]
        cost, choice = _one_more(cost, lengths, upto, compiling)
        if cost[count] >= before:
            return
        yield choice


def _ends(steps: Sequence[npt.NDArray[np.int64]]) -> list[int]:
    """Return the positions of the buckets' lengths."""
    ends, position = [], len(steps[0]) - 1
    for choice in reversed(steps):
        ends.append(position - 1)
        position = int(choice[position])
    return ends[::-1]


def _one_more(
    cost: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], upto: npt.NDArray[np.int64], compiling: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return, for each n, the cost of covering the n shortest lengths with one more bucket, and where it begins."""
    lowest, choice = np.full_like(cost, np.iinfo(np.int64).max // 4), np.zeros_like(cost)
    for n in range(1, len(cost)):
        totals = cost[:n] + (upto[n] - upto[:n]) * lengths[n - 1] + compiling
        choice[n] = totals.argmin()
        lowest[n] = totals[choice[n]]
    return lowest, choice


_COMPILED_TO_STORED = 2  # compiling expands weights in half precision to single precision; 8-bit weights take less
_ANY_MODEL_BYTES = 50 * 2**20  # graph and generated kernels, as measured on a model with 3 MB of weights
_ACTIVATION_BYTES = 4  # single precision
_TRIAL_SAMPLES = 16_000  # longer than any receptive field


@dataclass(frozen=True)
class CompiledMemory:
    """Estimated memory of a compiled model.

    Attributes:
        each: bytes of one model, independent of its length.
        per_sample: additional bytes per sample of its length.
    """

    each: int
    per_sample: float

    def of(self, lengths: Iterable[int]) -> float:
        """Return the bytes of one model for each of the lengths in samples."""
        return sum(self.each + self.per_sample * length for length in lengths)


def compiled_memory(path: Path, *, streams: int) -> CompiledMemory:
    """Estimate the memory of a compiled IR from its weights and from the operation with the most activations.

    Args:
        path: the `.xml`, with its `.bin` in the same folder.
        streams: parallel inferences, each with separate activations.
    """
    stored = path.with_suffix(".bin").stat().st_size
    each = _COMPILED_TO_STORED * stored + _ANY_MODEL_BYTES
    return CompiledMemory(each, streams * _widest_bytes(path) / _TRIAL_SAMPLES)


def _widest_bytes(path: Path) -> int:
    model = read_ir(path)
    # an output with a static shape does not depend on the length: it is a weight on its way to an operation
    growing = {op.get_friendly_name() for op in model.get_ops() if any(_is_dynamic(output) for output in op.outputs())}
    fix_length(path, model, _TRIAL_SAMPLES)
    # reshaping merges equal operations, so those from before it may no longer be in the graph
    return _ACTIVATION_BYTES * max((sum(_elements(op, growing)) for op in model.get_ordered_ops()), default=0)


def _is_dynamic(output: Any) -> bool:
    return bool(output.get_partial_shape().is_dynamic)


def _elements(op: Any, growing: set[str]) -> Iterator[int]:
    """Yield the sizes of the activations that an operation reads and writes."""
    read = [value for value in op.input_values() if value.get_node().get_friendly_name() in growing]
    written = op.outputs() if op.get_friendly_name() in growing else []
    for value in (*read, *written):
        yield math.prod(value.get_shape())

"""Buckets: the few fixed lengths that a corpus is padded to, chosen so that padding and compiling cost least."""

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
    """Fixed lengths in samples, ascending.

    Attributes:
        lengths: the longest utterance of each bucket has exactly its length.
        work: samples of all utterances that have a bucket.
        padded_work: the same, each as long as its bucket.
    """

    lengths: tuple[int, ...]
    work: int = 0
    padded_work: int = 0

    def of(self, samples: int) -> int | None:
        """Return the smallest bucket that holds an utterance; None where it is too long for all."""
        return next((length for length in self.lengths if length >= samples), None)

    @property
    def padding(self) -> float:
        """Share of the padded work that is padding."""
        return 1 - self.work / self.padded_work if self.padded_work else 0.0


def choose_buckets(samples: Sequence[int], *, compiling: int, most: int, longest: int) -> Buckets:
    """Return the buckets that minimize padded samples plus what compiling costs, by dynamic programming: exactly.

    In an optimum each bucket is as long as an utterance, and the utterances of a bucket are neighbours in length. So
    the cheapest way to cover the n shortest lengths with b buckets is the cheapest, over all k < n, of covering the k
    shortest with b - 1 and padding the rest of the n to the longest among them.

    Args:
        samples: of each utterance.
        compiling: samples whose inference takes as long as compiling for a bucket.
        most: buckets at most.
        longest: utterances of more samples get no bucket.
    """
    held = np.array([length for length in samples if length <= longest], dtype=np.int64)
    if not len(held) or not most:
        return Buckets(())
    lengths, counts = np.unique(held, return_counts=True)
    ends = _cheapest_ends(lengths, np.concatenate(([0], np.cumsum(counts))), compiling, most)
    chosen = tuple(int(lengths[end]) for end in ends)
    padded = np.array(chosen)[np.searchsorted(chosen, held)]
    return Buckets(chosen, int(held.sum()), int(padded.sum()))


def corpus_buckets(
    durations_s: Iterable[float], frontend: Frontend, settings: BucketSettings, memory: CompiledMemory
) -> Buckets:
    """Return the buckets of a corpus, each of whole frames: as many as pay, and as there is memory for.

    Args:
        memory: what compiling for lengths takes.
    """
    rate = frontend.sampling_rate
    samples = [frontend.whole_frames(math.ceil(duration_s * rate)) for duration_s in durations_s]
    compiling, longest = round(settings.compiling_s * rate), round(settings.longest_s * rate)
    for most in range(settings.most, 0, -1):
        buckets = choose_buckets(samples, compiling=compiling, most=most, longest=longest)
        if memory.of(buckets.lengths) <= settings.memory_gb * 1e9:
            return buckets
    return Buckets(())


def _cheapest_ends(lengths: npt.NDArray[np.int64], upto: npt.NDArray[np.int64], compiling: int, most: int) -> list[int]:
    """Return the positions of the buckets' lengths; `upto` is the number of utterances below each position."""
    count = len(lengths)
    cost = np.full(count + 1, np.iinfo(np.int64).max // 4, dtype=np.int64)  # of covering the n shortest so far
    cost[0] = 0
    best, best_cost, choices = 0, int(cost[-1]), []
    for _ in range(min(most, count)):
        cost, choice = _one_more(cost, lengths, upto, compiling)
        choices.append(choice)
        if cost[count] < best_cost:
            best, best_cost = len(choices), int(cost[count])
    ends, position = [], count
    for choice in reversed(choices[:best]):
        ends.append(position - 1)
        position = int(choice[position])
    return ends[::-1]


def _one_more(
    cost: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], upto: npt.NDArray[np.int64], compiling: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return, for each n, the cost of covering the n shortest with one bucket more, and where that bucket begins."""
    found, choice = np.full_like(cost, np.iinfo(np.int64).max // 4), np.zeros_like(cost)
    for n in range(1, len(cost)):
        totals = cost[:n] + (upto[n] - upto[:n]) * lengths[n - 1] + compiling
        choice[n] = totals.argmin()
        found[n] = totals[choice[n]]
    return found, choice


_COMPILED_TO_STORED = 2  # weights in half precision are unpacked to single; those in 8 bit take less
_ANY_MODEL_BYTES = 50 * 2**20  # generated kernels and the graph itself: seen of a model with 3 MB of weights
_ACTIVATION_BYTES = 4  # in single precision
_TRIAL_SAMPLES = 16_000  # long enough for any receptive field


@dataclass(frozen=True)
class CompiledMemory:
    """Bytes of one compiled model, whatever its length, and of each sample of the length."""

    each: int
    per_sample: float

    def of(self, lengths: Iterable[int]) -> float:
        """Return the bytes of models compiled for so many samples each."""
        return sum(self.each + self.per_sample * length for length in lengths)


def compiled_memory(path: Path, *, streams: int) -> CompiledMemory:
    """Reckon what compiling an IR takes, from its weights and from the operation that holds most activations at a time.

    Args:
        path: the `.xml`, its `.bin` beside it.
        streams: inferences side by side, each with activations of its own.
    """
    stored = path.with_suffix(".bin").stat().st_size
    each = _COMPILED_TO_STORED * stored + _ANY_MODEL_BYTES
    return CompiledMemory(each, streams * _widest_bytes(path) / _TRIAL_SAMPLES)


def _widest_bytes(path: Path) -> int:
    model = read_ir(path)
    operations = model.get_ordered_ops()
    # what does not depend on the length has a shape already: weights on their way to an operation
    growing = {op.get_friendly_name() for op in operations if any(_is_open(output) for output in op.outputs())}
    fix_length(path, model, _TRIAL_SAMPLES)
    return _ACTIVATION_BYTES * max((sum(_elements(op, growing)) for op in operations), default=0)


def _is_open(output: Any) -> bool:
    return bool(output.get_partial_shape().is_dynamic)


def _elements(op: Any, growing: set[str]) -> Iterator[int]:
    """Yield the sizes of an operation's activations, those it reads and those it writes."""
    read = [value for value in op.input_values() if value.get_node().get_friendly_name() in growing]
    written = op.outputs() if op.get_friendly_name() in growing else []
    for value in (*read, *written):
        yield math.prod(value.get_shape())

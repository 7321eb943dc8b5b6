"""Measured frame geometry of an unknown network: samples of a frame and samples between frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from wergate.errors import SuiteError

CountFrames = Callable[[int], int]
_LONGEST_HOP_S = 4  # this much more audio must add a frame; the hop of any speech model is far shorter
_VERIFIED_LENGTHS = 12
_SEED = 20240229


@dataclass(frozen=True)
class Geometry:
    """Frame count of n samples: (n - receptive_field) // hop + 1, or 0 below the shortest input.

    Attributes:
        receptive_field: samples that the first frame needs, minus those that the network pads; may be 0 or less.
        hop: samples from one frame to the next.
        shortest: samples of the shortest input that gives a frame.
    """

    receptive_field: int
    hop: int
    shortest: int

    def frame_count(self, samples: int) -> int:
        """Return the number of frames for an input of `samples` samples."""
        return (samples - self.receptive_field) // self.hop + 1 if samples >= self.shortest else 0


def measure_geometry(count_frames: CountFrames, *, sampling_rate: int, source: str) -> Geometry:
    """Find the geometry by bisection and verify it on seeded random lengths of at most three seconds.

    Args:
        count_frames: runs the network on a number of samples and returns its frames; 0 if there are too few samples.
        sampling_rate: sampling rate in Hz of the network's input.
        source: name of the network in messages.

    Raises:
        SuiteError: one second of audio gives no frame, or the frame counts do not follow the formula.
    """
    known = count_frames(sampling_rate)
    if not known:
        raise SuiteError(
            f"{source} gives no frame for one second of audio at {sampling_rate} Hz; at least one frame is needed; "
            "check its sampling rate and its export"
        )
    # the next two lengths that add a frame differ by one hop; counting hops back from them gives the first frame
    first, second = (_shortest(count_frames, known + more, sampling_rate, source) for more in (1, 2))
    hop = second - first
    if not hop:
        raise SuiteError(
            f"{source} adds several frames at once at {first} samples; a network that adds one frame at a time "
            "is accepted; check its export"
        )
    shortest = _bisect(lambda samples: count_frames(samples) > 0, sampling_rate)
    geometry = Geometry(first - known * hop, hop, shortest)
    _verify(count_frames, geometry, sampling_rate, source)
    return geometry


def _shortest(count_frames: CountFrames, frames: int, sampling_rate: int, source: str) -> int:
    """Return the smallest number of samples, longer than one second, that gives `frames` frames."""
    above, step = sampling_rate, 1
    while count_frames(above + step) < frames:
        above, step = above + step, 2 * step
        if step > _LONGEST_HOP_S * sampling_rate:
            raise SuiteError(
                f"{source} gives no more frames for {above} samples than for {sampling_rate}; the number of frames "
                "must grow with the waveform; export it with dynamic axes for samples and frames"
            )
    return above + _bisect(lambda more: count_frames(above + more) >= frames, step)


def _bisect(holds: Callable[[int], bool], upper: int) -> int:
    """Return the smallest positive number, at most `upper`, at and above which a condition holds."""
    lower = 0
    while upper - lower > 1:
        middle = (lower + upper) // 2
        lower, upper = (lower, middle) if holds(middle) else (middle, upper)
    return upper


def _verify(count_frames: CountFrames, geometry: Geometry, sampling_rate: int, source: str) -> None:
    drawn = np.random.default_rng(_SEED).integers(1, 3 * sampling_rate, _VERIFIED_LENGTHS).tolist()
    edges = [geometry.receptive_field + frames * geometry.hop - less for frames in (1, 2, 7) for less in (1, 0)]
    for samples in (geometry.shortest, *edges, *drawn):
        found, expected = count_frames(max(1, samples)), geometry.frame_count(max(1, samples))
        if found != expected:
            raise SuiteError(
                f"{source} gives {found} frames for {max(1, samples)} samples, but "
                f"(samples - {geometry.receptive_field}) // {geometry.hop} + 1 is {expected}; a network with "
                "(samples - receptive field) // hop + 1 frames is accepted; check its export for fixed lengths"
            )

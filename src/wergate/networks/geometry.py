"""The frame geometry of an unknown network, measured: how many samples a frame needs and how far apart frames stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from wergate.errors import SuiteError

CountFrames = Callable[[int], int]
_LONGEST_HOP_S = 4  # samples that must add a frame: no speech model is coarser by far
_VERIFIED_LENGTHS = 12
_SEED = 20240229


@dataclass(frozen=True)
class Geometry:
    """Frames of n samples: (n - receptive_field) // hop + 1, and none below the shortest input.

    Attributes:
        receptive_field: samples of the first frame, those that the network pads by taken off: 0 or less for some.
        hop: samples from one frame to the next.
        shortest: samples of the shortest input that gives a frame.
    """

    receptive_field: int
    hop: int
    shortest: int

    def frame_count(self, samples: int) -> int:
        """Return how many frames an input of that many samples gives."""
        return (samples - self.receptive_field) // self.hop + 1 if samples >= self.shortest else 0


def measure_geometry(count_frames: CountFrames, *, sampling_rate: int, source: str) -> Geometry:
    """Find the geometry by bisection, and hold it to seeded lengths of up to three seconds.

    Args:
        count_frames: runs the network on that many samples; 0 where it refuses them as too few.
        source: what messages call the network.

    Raises:
        SuiteError: one second gives no frame, or the frames do not follow the formula.
    """
    known = count_frames(sampling_rate)
    if not known:
        raise SuiteError(
            f"{source} gives no frame for one second of audio at {sampling_rate} Hz; check its sampling rate and export"
        )
    # the two next lengths that add a frame stand a hop apart, and the first frame as many hops before them
    first, second = (_shortest(count_frames, known + more, sampling_rate, source) for more in (1, 2))
    hop = second - first
    if not hop:
        raise SuiteError(
            f"{source} adds several frames at once at {first} samples; frames that come one by one are accepted; "
            "check its export"
        )
    shortest = _bisect(lambda samples: count_frames(samples) > 0, sampling_rate)
    geometry = Geometry(first - known * hop, hop, shortest)
    _verify(count_frames, geometry, sampling_rate, source)
    return geometry


def _shortest(count_frames: CountFrames, frames: int, sampling_rate: int, source: str) -> int:
    """Return the smallest number of samples, above one second, that gives so many frames."""
    above, step = sampling_rate, 1
    while count_frames(above + step) < frames:
        above, step = above + step, 2 * step
        if step > _LONGEST_HOP_S * sampling_rate:
            raise SuiteError(
                f"{source} gives no more frames for {above} samples than for {sampling_rate}; frames that grow with "
                "the waveform are needed; export it with dynamic axes for samples and frames"
            )
    return above + _bisect(lambda more: count_frames(above + more) >= frames, step)


def _bisect(holds: Callable[[int], bool], upper: int) -> int:
    """Return the smallest positive number, at most `upper`, from which on a condition holds."""
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
                f"{source} gives {found} frames for {max(1, samples)} samples, not {expected} as "
                f"(samples - {geometry.receptive_field}) // {geometry.hop} + 1 would; a network whose frames number "
                "(samples - receptive field) // hop + 1 is accepted; check its export for fixed lengths"
            )

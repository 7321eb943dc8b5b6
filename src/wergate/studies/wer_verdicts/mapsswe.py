"""P-values of MAPSSWE for two recognizers without a difference: they should be uniform."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # scipy.stats loads on first use: an import here would take more than a second

from wergate.evaluation.significance.matched_pairs import matched_pairs

_ERRORS = 0.8  # of each recognizer in a segment, on average


@dataclass(frozen=True)
class Uniformity:
    """Comparison of p-values with the uniform distribution.

    Attributes:
        distance: largest difference of the two distributions, which is the statistic of Kolmogorov and Smirnov.
        p: probability of such a distance or a larger one, if the p-values were uniform.
        alarms: share of p-values below 5 %.
    """

    distance: float
    p: float
    alarms: float


def uniformity(segments: int, pairs: int, seed: int) -> Uniformity:
    """Test pairs of equally good recognizers, each on so many segments."""
    errors = np.random.default_rng(seed).poisson(_ERRORS, size=(pairs, 2, segments))
    p_values = [matched_pairs((after - before).tolist()).p for before, after in errors]
    test = scipy.stats.kstest(p_values, "uniform")
    return Uniformity(float(test.statistic), float(test.pvalue), float(np.mean(np.less(p_values, 0.05))))

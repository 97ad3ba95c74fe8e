"""Intervals of mean differences that stay valid for those who go on with more seeds."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

CONFIDENCE = 0.95
# The variance of effect sizes, differences in their own standard deviations, under the
# alternatives that are mixed: where a symmetry matters, it changes accuracy by several
# of the standard deviations that seeds differ by.
EFFECTS = 10.0
# More seeds would take too long.
MOST_SEEDS = 100
# Differences that vary by less are equal but for rounding.
ROUNDING = 1e-12


@dataclasses.dataclass(frozen=True)
class Interval:
    """The mean of paired differences, with its 95% confidence interval.

    Of a probe these are differences in accuracy, one for each seed. The interval is one
    of a confidence sequence, see `paired`.

    Attributes:
        mean: Float.
        low, high: Floats, the ends of the interval.
        count: Integer, the number of pairs.
        spread: Float, the standard deviation of the differences.

    Example:

    >>> gain = Interval(mean=0.03, low=0.01, high=0.05, count=3, spread=0.008)
    >>> gain.low > 0  # it gains significantly
    True
    """

    mean: float
    low: float
    high: float
    count: int
    spread: float

    @property
    def tells(self) -> bool:
        """Whether it excludes that there is no difference.

        Example:

        >>> Interval(mean=0.03, low=-0.01, high=0.07, count=5, spread=0.02).tells
        False
        """
        return self.low > 0 or self.high < 0

    @property
    def is_vacuous(self) -> bool:
        """Whether any difference is still possible, as with two seeds.

        Example:

        >>> paired([0.90, 0.92], [0.80, 0.84]).is_vacuous
        True
        """
        return self.low <= -1 and self.high >= 1


def critical_value(count: int) -> float:
    """How many standard errors the interval extends to each side of the mean.

    The e-value of a mean m is the likelihood ratio of t, the t-statistic of differences
    minus m, between effect sizes of N(0, 1/c²) and none, 1/c² being `EFFECTS`. With n
    differences, it is √(c² / (n + c²)) · (1 − n t² / ((n + c²) (n − 1 + t²)))^(−n/2).
    For the true mean this is a test martingale whatever the variance is, so that, by
    Ville's inequality, it ever reaches 1/α with a probability of α at most. The
    interval has all m whose e-value is below 1/α: it holds for all n at once.

    Args:
        count: Integer, the number of differences.

    Returns:
        Float, infinite where no difference can be excluded, as with two.

    Example:

    >>> [round(critical_value(count), 1) for count in (2, 3, 5, 10, 30)]
    [inf, 13.2, 5.4, 4.2, 3.7]

    Reference:

    - [Wang & Ramdas, 2023](https://arxiv.org/abs/2310.03722), for t-tests that are
      valid at any time by mixtures of effect sizes, after Lai, 1976, *On confidence
      sequences*
    - [Pérez-Ortiz et al., 2022](https://arxiv.org/abs/2208.07610), for that the ratio
      is a test martingale
    """
    c = 1 / EFFECTS
    total = count + c
    ratio = ((1 - CONFIDENCE) ** 2 * c / total) ** (1 / count)
    # The share of t² / (n − 1 + t²) at which the e-value reaches 1/α.
    share = (1 - ratio) * total / count
    return math.inf if share >= 1 else math.sqrt(share * (count - 1) / (1 - share))


def paired(first: Sequence[float], second: Sequence[float]) -> Interval:
    """The mean of paired differences `first - second`, and its interval.

    Unlike that of a paired t-test, it is one of a confidence sequence: with a
    probability of 95%, all the intervals of more and more pairs contain the mean, so
    that one may look after each, and go on. See `critical_value` for how, and for the
    source. Differences are taken as normally distributed with unknown variance.

    Args:
        first, second: Sequences of floats from 0 to 1, of the same seeds.

    Returns:
        `Interval`, from -1 to 1 where it is not bounded otherwise.

    Raises:
        ValueError: If there are fewer than two pairs, which have no interval.

    Example:

    >>> gain = paired([0.90, 0.92, 0.91], [0.80, 0.84, 0.81])
    >>> f"{gain.mean:.3f}, {gain.low:.3f} to {gain.high:.3f}"
    '0.093, 0.005 to 0.181'
    """
    if len(first) != len(second) or len(first) < 2:
        raise ValueError(
            "Two or more pairs are compared: both need as many values. Received: "
            f"{len(first)} and {len(second)}"
        )
    differences = np.subtract(first, second).astype(float)
    count, mean = len(differences), float(differences.mean())
    equal = np.ptp(differences) <= ROUNDING
    spread = 0.0 if equal else float(differences.std(ddof=1))
    factor = critical_value(count)
    half = math.inf if math.isinf(factor) else factor * spread / math.sqrt(count)
    return Interval(mean, max(mean - half, -1.0), min(mean + half, 1.0), count, spread)


def seeds_needed(interval: Interval) -> int | None:
    """With how many seeds the interval would leave zero, if mean and spread stayed.

    Args:
        interval: `Interval`.

    Returns:
        Integer, more than there are; `None` if it is more than a hundred.

    Example:

    >>> seeds_needed(paired([0.90, 0.95, 0.91], [0.80, 0.84, 0.87]))
    6
    """
    for count in range(interval.count + 1, MOST_SEEDS + 1):
        factor = critical_value(count)
        if factor * interval.spread / math.sqrt(count) < abs(interval.mean):
            return count
    return None

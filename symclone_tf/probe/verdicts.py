"""The verdict of a probe on a symmetry: preserve it, break it, or cannot tell."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from symclone_tf.checks import one_of

VERDICTS = ("preserve", "break", "cannot tell")
CONFIDENCE = 0.95
# By how much a network that has learned something exceeds the most frequent class.
LEARNED = 0.02
# More seeds would take too long.
MOST_SEEDS = 100
# The width of an interval of accuracy within which a difference hardly matters.
NARROW = 0.1
# Differences that vary by less are equal but for rounding.
ROUNDING = 1e-12


@dataclasses.dataclass(frozen=True)
class Interval:
    """The mean of paired differences, with its 95% confidence interval.

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


def paired(first: Sequence[float], second: Sequence[float]) -> Interval:
    """The interval of paired differences `first - second`, by a paired t-test.

    Args:
        first, second: Sequences of floats, of the same seeds.

    Returns:
        `Interval`.

    Raises:
        ValueError: If there are fewer than two pairs, which have no interval.

    Example:

    >>> gain = paired([0.90, 0.92, 0.91], [0.80, 0.84, 0.81])
    >>> f"{gain.mean:.3f}, {gain.low:.3f} to {gain.high:.3f}"
    '0.093, 0.065 to 0.122'
    """
    if len(first) != len(second) or len(first) < 2:
        raise ValueError(
            "Two or more pairs are compared: both need as many values. Received: "
            f"{len(first)} and {len(second)}"
        )
    from scipy import stats

    differences = np.subtract(first, second).astype(float)
    mean, spread = float(differences.mean()), float(differences.std(ddof=1))
    low = high = mean
    if np.ptp(differences) > ROUNDING:
        found = stats.ttest_rel(first, second).confidence_interval(CONFIDENCE)
        low, high = float(found.low), float(found.high)
    return Interval(mean, low, high, len(first), spread)


def seeds_needed(interval: Interval) -> int | None:
    """How many seeds would tell such a difference from zero.

    Args:
        interval: `Interval`.

    Returns:
        Integer; `None` if it is more than a hundred.
    """
    from scipy import stats

    for count in range(2, MOST_SEEDS + 1):
        quantile = stats.t.ppf((1 + CONFIDENCE) / 2, count - 1)
        if quantile * interval.spread / math.sqrt(count) < abs(interval.mean):
            return count
    return None


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The verdict on one symmetry.

    Attributes:
        group: String.
        verdict: String, `"preserve"`, `"break"` or `"cannot tell"`.
        gain: `Interval` of the accuracy that assuming the symmetry gains.
        little: The same with a quarter of the images.
        breaking: `Interval` of the accuracy that a network which may break the
            symmetry gains over one that assumes it.
        sentence: String, all of this in words.

    Example:

    >>> gain = Interval(0.03, 0.01, 0.05, 3, 0.008)
    >>> breaking = Interval(0.002, -0.004, 0.008, 3, 0.0024)
    >>> words = "Preserve C4: assuming it gains 3.0 points (1.0 to 5.0)."
    >>> verdict = Verdict("c4", "preserve", gain, gain, breaking, words)
    >>> verdict.gain.low > 0, verdict.breaking.low > 0  # breaking it may gain nothing
    (True, False)
    """

    group: str
    verdict: str
    gain: Interval
    little: Interval
    breaking: Interval
    sentence: str


def judge(
    group: str,
    title: str,
    assumed: Sequence[float],
    without: Sequence[float],
    breaking: Sequence[float],
    little: tuple[Sequence[float], Sequence[float]],
    chance: float = 0.0,
) -> Verdict:
    """Decides whether to preserve or to break one symmetry.

    Args:
        group: String.
        title: String, of the group.
        assumed: Accuracies of networks that assume the symmetry, by seed.
        without: Accuracies of networks without the symmetry.
        breaking: Accuracies of networks that may break the symmetry.
        little: Pair, the first two with a quarter of the images.
        chance: Float, the share of the most frequent class.

    Returns:
        `Verdict`: preserve, if assuming the symmetry gains significantly; break, if it
        costs significantly; cannot tell otherwise, and where networks have hardly
        learned anything yet.

    Raises:
        ValueError: If there are fewer than two seeds.

    Example:

    >>> few = ([0.8, 0.8], [0.6, 0.7])
    >>> verdict = judge("c4", "C4", [0.9, 0.91], [0.8, 0.82], [0.9, 0.9], few)
    >>> verdict.verdict
    'preserve'
    """
    gain, broken = paired(assumed, without), paired(breaking, assumed)
    verdict = "cannot tell"
    if max(np.mean(assumed), np.mean(without)) < chance + LEARNED:
        sentence = (
            f"Cannot tell for {title}: networks learned hardly more than the most "
            f"frequent class, {chance:.1%}: more minutes are needed."
        )
        return Verdict(group, verdict, gain, paired(*little), broken, sentence)
    if gain.low > 0:
        verdict = "preserve"
    elif gain.high < 0:
        verdict = "break"
    sentence = _sentence(verdict, title, gain)
    if broken.low > 0:
        sentence += f" Free to break it, networks gain {_points(broken)} more."
    return Verdict(group, verdict, gain, paired(*little), broken, sentence)


def _sentence(verdict: str, title: str, gain: Interval) -> str:
    one_of("verdict", verdict, VERDICTS)
    if verdict == "preserve":
        return f"Preserve {title}: assuming it gains {_points(gain)}."
    if verdict == "break":
        return f"Break {title}: assuming it costs {_points(gain)}."
    words = f"Cannot tell for {title}: assuming it changes {_points(gain)}"
    needed = seeds_needed(gain)
    if needed is None and gain.high - gain.low < NARROW:
        return f"{words}: whether it is assumed hardly matters for these images."
    if needed is None:
        return (
            f"{words}. More seeds alone would not tell: with more minutes or smaller "
            "images, networks train on more of them."
        )
    return f"{words}. About {max(needed, gain.count + 1)} seeds would tell."


def _points(interval: Interval) -> str:
    """A gain or a cost in points of accuracy, with its interval."""
    low, high = 100 * interval.low, 100 * interval.high
    mean = 100 * interval.mean
    if low > 0 or high < 0:
        low, high = sorted((abs(low), abs(high)))
        return f"{abs(mean):.1f} points ({low:.1f} to {high:.1f})"
    return f"accuracy by {mean:+.1f} points ({low:+.1f} to {high:+.1f})"

"""What a probe says of a symmetry: keep it, break it, or that it cannot tell."""

import dataclasses
import math

import numpy as np

from symclone_tf.checks import one_of

VERDICTS = ("keep", "break", "cannot tell")
CONFIDENCE = 0.95
# Above the share of the most frequent class, by which a network has learned something.
LEARNED = 0.02
# More seeds than these nobody waits for.
MOST_SEEDS = 100
# An interval of accuracy, within which a difference hardly matters.
NARROW = 0.1


@dataclasses.dataclass(frozen=True)
class Interval:
    """The mean of paired differences, and where it lies with 95% confidence.

    Attributes:
        mean: Float.
        low, high: Floats.
        count: Integer, of the pairs.
        spread: Float, their standard deviation.

    Example:

    >>> gain = Interval(mean=0.03, low=0.01, high=0.05, count=3, spread=0.008)
    >>> gain.low > 0  # for sure it gains
    True
    """

    mean: float
    low: float
    high: float
    count: int
    spread: float


def paired(first, second) -> Interval:
    """By how much one is more than the other, by Student's t of paired differences.

    Args:
        first, second: Lists of floats, of the same seeds.

    Returns:
        `Interval`.

    Raises:
        ValueError: If there are fewer than two pairs, of which nothing can be said.

    Example:

    >>> gain = paired([0.90, 0.92, 0.91], [0.80, 0.84, 0.81])
    >>> f"{gain.mean:.3f}, {gain.low:.3f} to {gain.high:.3f}"
    '0.093, 0.065 to 0.122'
    """
    if len(first) != len(second) or len(first) < 2:
        raise ValueError(
            "Two or more pairs are compared, as many of each. Received: "
            f"{len(first)} and {len(second)}"
        )
    differences = np.subtract(first, second).astype(float)
    mean, spread = float(differences.mean()), float(differences.std(ddof=1))
    half = _quantile(len(first)) * spread / math.sqrt(len(first))
    return Interval(mean, mean - half, mean + half, len(first), spread)


def _quantile(count) -> float:
    from scipy import stats

    return float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1))


def seeds_needed(interval) -> int | None:
    """How many seeds would tell such a difference from none.

    Args:
        interval: `Interval`.

    Returns:
        Integer; `None` if it is more than a hundred.
    """
    for count in range(2, MOST_SEEDS + 1):
        half = _quantile(count) * interval.spread / math.sqrt(count)
        if half < abs(interval.mean):
            return count
    return None


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What is said of one symmetry.

    Attributes:
        group: String.
        verdict: String, `"keep"`, `"break"` or `"cannot tell"`.
        gain: `Interval` of the accuracy that assuming it gains.
        little: The same with a quarter of the images.
        leaving: `Interval` of the accuracy that a network which may leave it gains
            against one that assumes it.
        sentence: String, all of this in words.

    Example:

    >>> gain = Interval(0.03, 0.01, 0.05, 3, 0.008)
    >>> leaving = Interval(0.002, -0.004, 0.008, 3, 0.0024)
    >>> words = "Keep C4: assuming it gains 3.0 points (1.0 to 5.0)."
    >>> verdict = Verdict("c4", "keep", gain, gain, leaving, words)
    >>> verdict.gain.low > 0, verdict.leaving.low > 0  # what leaves it may gain nothing
    (True, False)
    """

    group: str
    verdict: str
    gain: Interval
    little: Interval
    leaving: Interval
    sentence: str


def judge(group, title, assumed, lacking, leaving, little, chance=0.0) -> Verdict:
    """What is said of one symmetry.

    Args:
        group: String.
        title: String, of the group.
        assumed: List of floats, accuracies of networks that assume it, by seed.
        lacking: List of floats, of networks that lack it.
        leaving: List of floats, of networks that may leave it.
        little: Pair of lists, the first two with a quarter of the images.
        chance: Float, the accuracy of who always answers the most frequent class.

    Returns:
        `Verdict`: keep, if assuming it gains for sure; break, if it costs for sure.
        Nothing is said where networks have learned nothing yet.

    Raises:
        ValueError: If there are fewer than two seeds.

    Example:

    >>> few = ([0.8, 0.8], [0.6, 0.7])
    >>> verdict = judge("c4", "C4", [0.9, 0.91], [0.8, 0.82], [0.9, 0.9], few)
    >>> verdict.verdict
    'keep'
    """
    gain, left = paired(assumed, lacking), paired(leaving, assumed)
    verdict = "cannot tell"
    if max(np.mean(assumed), np.mean(lacking)) < chance + LEARNED:
        sentence = (
            f"Cannot tell of {title}: networks learned hardly more than the most "
            f"frequent class, {chance:.1%}: more minutes are needed."
        )
        return Verdict(group, verdict, gain, paired(*little), left, sentence)
    if gain.low > 0:
        verdict = "keep"
    elif gain.high < 0:
        verdict = "break"
    sentence = _sentence(verdict, title, gain)
    if left.low > 0:
        sentence += f" Free to leave it, networks gain {_points(left)} more."
    return Verdict(group, verdict, gain, paired(*little), left, sentence)


def _sentence(verdict, title, gain) -> str:
    one_of("verdict", verdict, VERDICTS)
    if verdict == "keep":
        return f"Keep {title}: assuming it gains {_points(gain)}."
    if verdict == "break":
        return f"Break {title}: assuming it costs {_points(gain)}."
    words = f"Cannot tell of {title}: assuming it changes {_points(gain)}"
    needed = seeds_needed(gain)
    if needed is None and gain.high - gain.low < NARROW:
        return f"{words}: whether it is assumed hardly matters here."
    if needed is None:
        return (
            f"{words}. Seeds alone would not tell: more minutes or smaller images let "
            "networks see more of them."
        )
    return f"{words}. About {max(needed, gain.count + 1)} seeds would tell."


def _points(interval) -> str:
    """A gain or a cost in points of accuracy, with its interval."""
    low, high = 100 * interval.low, 100 * interval.high
    mean = 100 * interval.mean
    if low > 0 or high < 0:
        low, high = sorted((abs(low), abs(high)))
        return f"{abs(mean):.1f} points ({low:.1f} to {high:.1f})"
    return f"accuracy by {mean:+.1f} points ({low:+.1f} to {high:+.1f})"

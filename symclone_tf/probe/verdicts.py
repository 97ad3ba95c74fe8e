"""The verdict of a probe on a symmetry: preserve it, break it, or cannot tell."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from symclone_tf.checks import one_of
from symclone_tf.probe.intervals import Interval, paired, seeds_needed

VERDICTS = ("preserve", "break", "cannot tell")
# By how much a network that has learned something exceeds the most frequent class.
LEARNED = 0.02
# The width of an interval of accuracy within which a difference hardly matters.
NARROW = 0.1


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
        augmentation: `Interval` of the accuracy that assuming the symmetry gains over
            an ordinary CNN with Keras' layers of augmentation; `None` for
            translations, and in files of earlier versions.

    Example:

    >>> gain = Interval(0.03, 0.01, 0.05, 9, 0.013)
    >>> breaking = Interval(0.002, -0.004, 0.008, 9, 0.0041)
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
    augmentation: Interval | None = None


def judge(
    group: str,
    title: str,
    assumed: Sequence[float],
    without: Sequence[float],
    breaking: Sequence[float],
    little: tuple[Sequence[float], Sequence[float]],
    chance: float = 0.0,
    augmented: tuple[str, Sequence[float]] | None = None,
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
        augmented: Pair of a string, Keras' layers of augmentation, and the accuracies
            of networks with them; `None` if there are none.

    Returns:
        `Verdict`: preserve, if assuming the symmetry gains significantly; break, if it
        costs significantly; cannot tell otherwise, and where networks have hardly
        learned anything yet.

    Raises:
        ValueError: If there are fewer than two seeds.

    Example:

    >>> few = ([0.8, 0.8, 0.8], [0.6, 0.7, 0.65])
    >>> assumed, without = [0.91, 0.92, 0.92], [0.80, 0.82, 0.81]
    >>> verdict = judge("c4", "C4", assumed, without, assumed, few)
    >>> verdict.verdict
    'preserve'
    """
    gain, broken = paired(assumed, without), paired(breaking, assumed)
    over = None if augmented is None else paired(assumed, augmented[1])
    found = gain, paired(*little), broken
    if not learned(float(max(np.mean(assumed), np.mean(without))), chance):
        sentence = (
            f"Cannot tell for {title}: networks learned hardly more than the most "
            f"frequent class, {chance:.1%}: more minutes are needed."
        )
        return Verdict(group, "cannot tell", *found, sentence, over)
    verdict = "cannot tell"
    if gain.tells:
        verdict = "preserve" if gain.mean > 0 else "break"
    sentence = _sentence(verdict, title, gain)
    if broken.low > 0:
        sentence += f" Free to break it, networks gain {points(broken)} more."
    if augmented is not None and over is not None and verdict != "break":
        sentence += f" {_beside_augmentation(title, augmented[0], over)}"
    return Verdict(group, verdict, *found, sentence, over)


def learned(accuracy: float, chance: float) -> bool:
    """Whether networks of this accuracy know more than the most frequent class.

    Args:
        accuracy: Float, a mean over seeds.
        chance: Float, the share of the most frequent class.

    Returns:
        Boolean.
    """
    return accuracy >= chance + LEARNED


def _sentence(verdict: str, title: str, gain: Interval) -> str:
    one_of("verdict", verdict, VERDICTS)
    if verdict == "preserve":
        return f"Preserve {title}: assuming it gains {points(gain)}."
    if verdict == "break":
        return f"Break {title}: assuming it costs {points(gain)}."
    words = f"Cannot tell for {title}: assuming it changes accuracy by {points(gain)}"
    if gain.is_vacuous:
        return f"{words}: {gain.count} seeds exclude nothing, more do."
    needed = seeds_needed(gain)
    if needed is None and gain.high - gain.low < NARROW:
        return f"{words}: whether it is assumed hardly matters for these images."
    if needed is None:
        return (
            f"{words}. More seeds alone would not tell: more images may, in more "
            "minutes, or of fewer pixels."
        )
    return (
        f"{words}. You may go on, the interval stays valid: if the difference stays as "
        f"it is, {needed} seeds tell."
    )


def _beside_augmentation(title: str, layers: str, over: Interval) -> str:
    """What assuming a symmetry gains over augmentation, or costs."""
    if over.low > 0:
        return f"Over {layers} {title} gains {points(over)}."
    if over.high < 0:
        return f"{layers} is better than {title}, by {points(over)}."
    if over.high - over.low < NARROW:
        return f"{layers} does as well: {title} differs from it by {points(over)}."
    return (
        f"Whether {layers} does as well cannot be told: {title} differs from it by "
        f"{points(over)}."
    )


def points(interval: Interval) -> str:
    """A difference in points of accuracy, with its interval.

    Args:
        interval: `Interval`.

    Returns:
        String, without signs where the interval tells that it is a gain or a cost.

    Example:

    >>> points(Interval(-0.3, -0.35, -0.25, 3, 0.01))
    '30.0 points (25.0 to 35.0)'
    >>> points(Interval(0.021, -0.01, 0.052, 5, 0.01))
    '+2.1 points (-1.0 to +5.2)'
    """
    mean, low, high = (100 * x for x in (interval.mean, interval.low, interval.high))
    if interval.tells:
        low, high = sorted((abs(low), abs(high)))
        return f"{abs(mean):.1f} points ({low:.1f} to {high:.1f})"
    return f"{mean:+.1f} points ({low:+.1f} to {high:+.1f})"

"""With which seeds and minutes a probe tells more, where it could not tell."""

import math
from typing import Any

import numpy as np

from symclone_tf.probe.intervals import seeds_needed
from symclone_tf.probe.probing import Probe
from symclone_tf.probe.verdicts import NARROW, learned

# For a new probe, of more images: how many times as long.
LONGER = 4
# More seeds of a network than of others, and what is drawn anew for each, take longer.
RESERVE = 1.1


def continuation(probe: Probe) -> dict[str, Any]:
    """What to give a probe so that it tells what it could not tell.

    Args:
        probe: `Probe`.

    Returns:
        Dictionary: `seeds` and `minutes` with which the same probe continues, those
        that the verdict which needs fewest would need; `minutes` alone for a new one,
        which has more images; empty if everything is told, or hardly matters, or all
        images are used.

    Example:

    >>> found = probe("photos", ["c4"], seeds=3)  # doctest: +SKIP
    >>> continuation(found)  # doctest: +SKIP
    {'seeds': 7, 'minutes': 71}
    """
    undecided = [v for v in probe.verdicts if v.verdict == "cannot tell"]
    needed = [seeds_needed(v.gain) for v in undecided]
    known = [seeds for seeds in needed if seeds is not None]
    if not _has_learned(probe):
        return {"minutes": math.ceil(LONGER * probe.minutes)}
    if known:
        seeds, done = min(known), undecided[0].gain.count
        minutes = math.ceil(RESERVE * probe.minutes * seeds / done)
        return {"seeds": seeds, "minutes": minutes}
    used = probe.plan.train_size + probe.plan.validation_size
    wide = any(v.gain.high - v.gain.low >= NARROW for v in undecided)
    if wide and used < probe.images.counts["train"]:
        return {"minutes": math.ceil(LONGER * probe.minutes)}
    return {}


def _has_learned(probe: Probe) -> bool:
    """Whether any network knows more than the most frequent class."""
    accuracies: dict[tuple[str, str], list[float]] = {}
    for run in probe.runs:
        if run.train_size == probe.plan.train_size:
            accuracies.setdefault((run.group, run.kind), []).append(run.accuracy)
    best = max(float(np.mean(each)) for each in accuracies.values())
    return learned(best, probe.runs[0].chance)

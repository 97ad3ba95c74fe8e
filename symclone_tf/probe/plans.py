"""How many images a probe can afford: sizes from measured speed and a budget."""

import dataclasses
import math
import time

import numpy as np

from symclone_tf.errors import DataError
from symclone_tf.probe.candidate_runs import Sample, compiled, fit
from symclone_tf.probe.candidates import Candidate

BATCH = 32
# An epoch's number of images changes with the budget, not how often each is seen.
EPOCHS, FEWEST_EPOCHS = 40, 8
FEWEST_IMAGES = 128
MOST_TESTED = 4000
# Of the images to train on, how many more to stop by, and how few are little.
VALIDATION, LITTLE = 0.25, 0.25
TIMED_STEPS = 8
# With few images validation is done as often more.
WITH_LITTLE = 1.25
# A forward pass takes about a third of a step of training.
FORWARD = 1 / 3
# Early stopping has saved a sixth to a third of what is planned.
RESERVE = 1.2


@dataclasses.dataclass(frozen=True)
class Plan:
    """The sizes of a probe.

    Attributes:
        train_size: Integer, how many images each network trains on.
        validation_size: Integer, how many more it is stopped by.
        test_size: Integer, how many it is tested on.
        epochs: Integer, at most.
        seconds: Dictionary from titles of candidates to the seconds that one run is
            expected to take.

    Example:

    >>> plan = Plan(600, 150, 200, epochs=40, seconds={"C4 assumed": 31.0})
    >>> plan.train_size, plan.little_size
    (600, 150)
    """

    train_size: int
    validation_size: int
    test_size: int
    epochs: int
    seconds: dict[str, float]

    @property
    def little_size(self) -> int:
        """How many images the networks train on that show data efficiency."""
        return math.ceil(LITTLE * self.train_size)


def make_plan(candidates, images, seeds, minutes, workspace) -> Plan:
    """Measures how fast each network trains, and what can be had in the time.

    Args:
        candidates: List of `Candidate`.
        images: `Images`.
        seeds: Integer.
        minutes: Float, for all runs, this measuring included.
        workspace: `Workspace`.

    Returns:
        `Plan`.

    Raises:
        DataError: If there are too few images.
        ValueError: If there is too little time.
    """
    available = int(images.counts["train"] / (1 + VALIDATION))
    if available < FEWEST_IMAGES:
        least = math.ceil((1 + VALIDATION) * FEWEST_IMAGES)
        raise DataError(
            f"{images.name} has {images.counts['train']} images to train on: a probe "
            f"takes {least} or more"
        )
    began = time.perf_counter()
    speeds = {
        candidate: Speed.of(candidate, images, workspace) for candidate in candidates
    }
    left = RESERVE * (60 * minutes - (time.perf_counter() - began))
    test = min(images.counts["test"], MOST_TESTED)

    def planned(train, epochs):
        seconds = {
            candidate.title: speed.seconds(train, epochs, test)
            for candidate, speed in speeds.items()
        }
        plan = Plan(train, math.ceil(VALIDATION * train), test, epochs, seconds)
        return plan, seeds * sum(
            seconds[c.title] * (1 + WITH_LITTLE * little(c)) for c in candidates
        )

    least, needed = planned(FEWEST_IMAGES, FEWEST_EPOCHS)
    if needed > left:
        more = math.ceil(minutes + (needed - left) / RESERVE / 60)
        raise ValueError(
            f"`minutes` must be at least {more} here, for {len(candidates)} networks "
            f"and {seeds} seeds: take more, or fewer `groups` or `seeds`, or a smaller "
            f"`image_size`. Received: minutes={minutes:g}"
        )
    return _largest(planned, least, available, left)


def little(candidate) -> bool:
    """Whether a candidate is run with few images too."""
    return candidate.kind != "may leave"


def _largest(planned, least, available, left) -> Plan:
    """By halving what lies between: images first, epochs with what is left over."""

    def most(low, high, fits):
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if fits(middle) else (low, middle - 1)
        return low

    def fits(train, epochs):
        return planned(train, epochs)[1] <= left

    if not fits(FEWEST_IMAGES, EPOCHS):
        epochs = most(FEWEST_EPOCHS, EPOCHS, lambda e: fits(FEWEST_IMAGES, e))
        return planned(least.train_size, epochs)[0]
    train = most(FEWEST_IMAGES, available, lambda n: fits(n, EPOCHS))
    epochs = most(EPOCHS, 3 * EPOCHS, lambda e: fits(train, e))
    return planned(train, epochs)[0]


@dataclasses.dataclass(frozen=True)
class Speed:
    """How fast a network is.

    Attributes:
        start: Float, seconds from nothing to the first step.
        step: Float, seconds of each step of training.
    """

    start: float
    step: float

    @classmethod
    def of(cls, candidate: Candidate, images, workspace) -> "Speed":
        """Measures it, on images of noise; clones that are missing are made first."""
        candidate.students(images, workspace)  # not timed
        began = time.perf_counter()
        model = compiled(candidate.network(images, workspace.silent))
        rng = np.random.default_rng(0)
        shape = (images.size, images.size, images.channels)
        x = rng.integers(0, 256, (TIMED_STEPS * BATCH, *shape), "uint8")
        y = rng.integers(0, len(images.class_names), len(x))
        few = (x[:BATCH], y[:BATCH])
        fit(model, Sample(few, few, few), BATCH, 1)
        middle = time.perf_counter()
        fit(model, Sample((x, y), few, few), BATCH, 1)
        step = (time.perf_counter() - middle) / (TIMED_STEPS + FORWARD)
        return cls(middle - began, step)

    def seconds(self, train, epochs, test) -> float:
        """Of one run.

        Args:
            train: Integer, images.
            epochs: Integer.
            test: Integer, images.
        """
        steps = epochs * math.ceil(train / BATCH)
        looked_at = epochs * math.ceil(VALIDATION * train) + test
        return self.start + self.step * (steps + FORWARD * looked_at / BATCH)

"""How many images a probe can afford, by measured speed and a budget of time."""

import dataclasses
import math
import time
from collections.abc import Callable, Sequence

import numpy as np

from symclone_tf.data.images import Images
from symclone_tf.errors import DataError
from symclone_tf.probe.candidate_runs import Sample, compiled, fit
from symclone_tf.probe.candidates import Candidate
from symclone_tf.workspace import Workspace

BATCH = 32
# The budget changes the number of images, not how often each is seen.
EPOCHS, FEWEST_EPOCHS = 40, 8
FEWEST_IMAGES = 128
MOST_TESTED = 4000
# Shares of the training images: those for validation, and those of small samples.
VALIDATION, LITTLE = 0.25, 0.25
TIMED_STEPS = 8
# The time with few images relative to that with all: validation is more frequent.
WITH_LITTLE = 1.25
# A forward pass takes about a third of a step of training.
FORWARD = 1 / 3
# Early stopping has saved a sixth to a third of what is planned.
RESERVE = 1.2


@dataclasses.dataclass(frozen=True)
class Plan:
    """The sizes of a probe.

    Attributes:
        train_size: Integer, the number of training images of each network.
        validation_size: Integer, the number of images that training is stopped by.
        test_size: Integer, the number of test images.
        epochs: Integer, at most.
        seconds: Dictionary from titles of candidates to the expected seconds of one
            run.

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
        """The number of training images of runs that show data efficiency."""
        return math.ceil(LITTLE * self.train_size)


def make_plan(
    candidates: Sequence[Candidate],
    images: Images,
    seeds: int,
    minutes: float,
    workspace: Workspace,
) -> Plan:
    """Measures how fast each network trains, and plans what fits into the time.

    Args:
        candidates: Sequence of `Candidate`.
        images: `Images`.
        seeds: Integer, the number of seeds.
        minutes: Float, for all runs and for planning.
        workspace: `Workspace`.

    Returns:
        `Plan`.

    Raises:
        DataError: If there are too few images.
        ValueError: If there is too little time.
    """
    available = int(images.counts["train"] / (1 + VALIDATION))
    if available < FEWEST_IMAGES:
        fewest = math.ceil((1 + VALIDATION) * FEWEST_IMAGES)
        raise DataError(
            f"{images.name} has {images.counts['train']} images to train on: a probe "
            f"needs {fewest} or more"
        )
    began = time.perf_counter()
    speeds: dict[Candidate, Speed] = {}
    test = min(images.counts["test"], MOST_TESTED)

    def planned(train: int, epochs: int) -> tuple[Plan, float]:
        seconds = {
            candidate.title: speed.seconds(train, epochs, test)
            for candidate, speed in speeds.items()
        }
        plan = Plan(train, math.ceil(VALIDATION * train), test, epochs, seconds)
        return plan, seeds * sum(
            seconds[c.title] * (1 + WITH_LITTLE * has_little(c)) for c in speeds
        )

    for candidate in candidates:
        speeds[candidate] = Speed.of(candidate, images, workspace)
        took = time.perf_counter() - began
        left = RESERVE * (60 * minutes - took)
        least, needed = planned(FEWEST_IMAGES, FEWEST_EPOCHS)
        if needed > left:
            # Before the clones of other networks are made, which are like these.
            share = len(speeds) / len(candidates)
            more = math.ceil((needed / RESERVE + took) / share / 60)
            raise ValueError(
                f"`minutes` must be at least {more} here, for {len(candidates)} "
                f"networks and {seeds} seeds: give more, or fewer `groups` or `seeds`, "
                f"or a smaller `image_size`. Received: minutes={minutes:g}"
            )
    return _largest(planned, least, available, left)


def has_little(candidate: Candidate) -> bool:
    """Returns whether a candidate is also trained with few images."""
    return candidate.kind != "may break"


def _largest(
    planned: Callable[[int, int], tuple[Plan, float]],
    least: Plan,
    available: int,
    left: float,
) -> Plan:
    """The largest plan that fits, by bisection: first of images, then of epochs."""

    def most(low: int, high: int, accepted: Callable[[int], bool]) -> int:
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if accepted(middle) else (low, middle - 1)
        return low

    def fits(train: int, epochs: int) -> bool:
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
        start: Float, seconds until the first step ends.
        step: Float, seconds of each later step of training.
    """

    start: float
    step: float

    @classmethod
    def of(cls, candidate: Candidate, images: Images, workspace: Workspace) -> "Speed":
        """Measures the speed on images of noise; missing clones are made first."""
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

    def seconds(self, train: int, epochs: int, test: int) -> float:
        """The seconds of one run.

        Args:
            train: Integer, the number of training images.
            epochs: Integer.
            test: Integer, the number of test images.

        Returns:
            Float.
        """
        steps = epochs * math.ceil(train / BATCH)
        evaluated = epochs * math.ceil(VALIDATION * train) + test
        return self.start + self.step * (steps + FORWARD * evaluated / BATCH)

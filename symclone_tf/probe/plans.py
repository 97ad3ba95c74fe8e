"""How many images a probe can afford, by measured speed and a budget of time."""

import dataclasses
import math
import time
from collections.abc import Callable, Mapping, Sequence

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
# Where there are no more, a probe has two batches.
SCARCEST = 64
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
# How many times as long networks of trained clones take as those of convolutions, where
# only the latter were timed: with clones of 16 to 28 pixels it has been two to five.
CLONED = 3.0


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

    def expected(self, candidate: Candidate) -> float:
        """The expected seconds of one run; of networks that were not timed, as those
        that an earlier version did not train, the mean of others.

        Args:
            candidate: `Candidate`.

        Returns:
            Float.
        """
        known = self.seconds.get(candidate.title)
        return float(np.mean([*self.seconds.values()])) if known is None else known


def make_plan(
    candidates: Sequence[Candidate],
    images: Images,
    seeds: int,
    minutes: float,
    workspace: Workspace,
    told: Callable[[str], None] = lambda line: None,
) -> Plan:
    """Measures how fast each network trains, and plans what fits into the time.

    Too little time is refused before anything is cloned, by the speed of networks of
    convolutions.

    Args:
        candidates: Sequence of `Candidate`.
        images: `Images`.
        seeds: Integer, the number of seeds.
        minutes: Float, for all runs and for planning.
        workspace: `Workspace`.
        told: Callable, of a line about what is being done.

    Returns:
        `Plan`.

    Raises:
        DataError: If there are too few images.
        ValueError: If there is too little time.
    """
    available = int(images.counts["train"] / (1 + VALIDATION))
    if available < SCARCEST:
        raise DataError(
            f"{images.name} has {images.counts['train']} images to train on: a probe "
            f"needs {math.ceil((1 + VALIDATION) * SCARCEST)} or more"
        )
    fewest = min(FEWEST_IMAGES, available)
    began = time.perf_counter()
    test = min(images.counts["test"], MOST_TESTED)
    speeds: dict[Candidate, Speed] = {}

    def planned(train: int, epochs: int) -> tuple[Plan, float]:
        seconds = {
            candidate.title: _speed(candidate, speeds).seconds(train, epochs, test)
            for candidate in candidates
        }
        plan = Plan(train, math.ceil(VALIDATION * train), test, epochs, seconds)
        return plan, seeds * sum(
            seconds[c.title] * (1 + WITH_LITTLE * has_little(c)) for c in candidates
        )

    ordered = sorted(candidates, key=_order)
    Speed.of(ordered[0], images, workspace)  # which also starts TensorFlow
    for candidate in ordered:
        speeds[candidate] = Speed.of(candidate, images, workspace)
        took = time.perf_counter() - began
        needed = (planned(fewest, FEWEST_EPOCHS)[1] / RESERVE + took) / 60
        if needed > minutes and not candidate.has_clones:
            raise ValueError(
                f"`minutes` must be at least {math.ceil(needed)} here, for "
                f"{len(candidates)} networks and {seeds} seeds: give more, or fewer "
                "`groups` or `seeds`, or a smaller `image_size`. Received: "
                f"minutes={minutes:g}"
            )
        told(f"Timed {len(speeds)} of {len(candidates)} networks: {candidate.title}")
    if needed > minutes:
        told(
            f"This takes about {math.ceil(needed)} minutes rather than {minutes:g}, "
            "with the fewest images: networks of clones are slower than expected"
        )
    left = RESERVE * (60 * minutes - took)
    return _largest(planned, fewest, available, left)


def _order(candidate: Candidate) -> tuple[bool, bool]:
    """An ordinary CNN first, and those with clones last: nothing is cloned in vain."""
    ordinary = (candidate.group, candidate.kind) == ("t2", "assumed")
    return candidate.has_clones, not ordinary


def _speed(candidate: Candidate, speeds: Mapping[Candidate, "Speed"]) -> "Speed":
    """The speed of a network, or, before it was timed, that of the most similar one."""
    if candidate in speeds:
        return speeds[candidate]
    similar = dataclasses.replace(candidate, kind="assumed")
    found = speeds.get(similar, next(iter(speeds.values())))
    times = CLONED if candidate.has_clones else 1.0
    return Speed(times * found.start, times * found.step)


def has_little(candidate: Candidate) -> bool:
    """Returns whether a candidate is also trained with few images."""
    return candidate.kind in ("assumed", "without")


def _largest(
    planned: Callable[[int, int], tuple[Plan, float]],
    fewest: int,
    available: int,
    left: float,
) -> Plan:
    """The largest plan that fits, by bisection: first of images, then of epochs.

    If none fits, the smallest.
    """

    def most(low: int, high: int, accepted: Callable[[int], bool]) -> int:
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if accepted(middle) else (low, middle - 1)
        return low

    def fits(train: int, epochs: int) -> bool:
        return planned(train, epochs)[1] <= left

    if not fits(fewest, EPOCHS):
        epochs = most(FEWEST_EPOCHS, EPOCHS, lambda e: fits(fewest, e))
        return planned(fewest, epochs)[0]
    train = most(fewest, available, lambda n: fits(n, EPOCHS))
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

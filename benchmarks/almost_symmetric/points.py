"""The results of methods with each strength, from the runs of a table."""

import dataclasses
import statistics

# A task that needs equivariance, and one that needs symmetry breaking.
PAIRS = (("invariance", "breaking"), ("digit", "quadrant"))


@dataclasses.dataclass(frozen=True)
class Point:
    """The results of a method with a strength: accuracies of all seeds, and weights.

    Attributes:
        method: String.
        strength: Float, or `None`.
        keeps: Tuple of floats, accuracies on the task that needs equivariance.
        breaks: Tuple of floats, accuracies on the task that needs symmetry breaking.
        upright: Tuple of floats, accuracies on images as in training,
            after training for `keeps`; empty where these are all the same.
        weights: Integer.
        seconds: Float, per epoch, the mean of all runs.
        validated: Float, the smaller of both accuracies on images to choose by, means
            of the seeds that have one; `None` if none has.
    """

    method: str
    strength: float | None
    keeps: tuple[float, ...]
    breaks: tuple[float, ...]
    upright: tuple[float, ...]
    weights: int
    seconds: float
    validated: float | None = None

    @property
    def smaller(self) -> float:
        """The smaller of both mean accuracies, by which knees are judged."""
        return min(statistics.mean(self.keeps), statistics.mean(self.breaks))


def sizes(rows) -> list[tuple[int, int]]:
    """How many images and epochs there are runs with, most first."""
    return sorted({(row["train_size"], row["epochs"]) for row in rows}, reverse=True)


def points(rows, pair=PAIRS[0], size=None) -> list[Point]:
    """The runs of a table by method and strength, where both tasks were run.

    Args:
        rows: List of dictionaries, see `runs.read`.
        pair: Pair of strings, tasks.
        size: Pair of integers, how many images and epochs; `None` for the most.
    """
    mine = [row for row in rows if row["task"] in pair]
    size = size or next(iter(sizes(mine)), None)
    found = {}
    for row in mine:
        if (row["train_size"], row["epochs"]) == size:
            kept = found.setdefault((row["method"], row["strength"]), {})
            kept.setdefault(row["task"], []).append(row)
    return [
        _point(method, strength, *(kept[task] for task in pair))
        for (method, strength), kept in found.items()
        if set(kept) == set(pair)
    ]


def _point(method, strength, keeps, breaks) -> Point:
    upright = (row["upright_accuracy"] for row in keeps)
    return Point(
        method,
        strength,
        tuple(row["accuracy"] for row in keeps),
        tuple(row["accuracy"] for row in breaks),
        tuple(value for value in upright if value is not None),
        keeps[0]["weights"],
        statistics.mean(row["seconds_per_epoch"] for row in (*keeps, *breaks)),
        _validated(keeps, breaks),
    )


def _validated(keeps, breaks):
    found = [
        [row["validation_accuracy"] for row in rows if row.get("validation_accuracy")]
        for rows in (keeps, breaks)
    ]
    return min(map(statistics.mean, found)) if all(found) else None


def chosen(found) -> dict[str, Point]:
    """The strength of each method that is best on images that were not tested on.

    Methods without a choice are left out, and so are those of which a strength has no
    such images.
    """
    without = {point.method for point in found if point.validated is None}
    best = {}
    for point in found:
        other = best.get(point.method)
        if point.method in without or point.strength is None:
            continue
        if other is None or point.validated > other.validated:
            best[point.method] = point
    return best


def knees(found) -> dict[str, Point]:
    """The strength of each method with the largest smaller accuracy."""
    best = {}
    for point in found:
        if point.method not in best or point.smaller > best[point.method].smaller:
            best[point.method] = point
    return best


def means(rows, tasks, of="accuracy") -> dict[tuple, dict[str, tuple[float, ...]]]:
    """Values by method and strength, and by task, of all seeds.

    Args:
        rows: List of dictionaries.
        tasks: Iterable of strings.
        of: String, a field.
    """
    found = {}
    for row in rows:
        if row["task"] in tasks and row[of] is not None:
            kept = found.setdefault((row["method"], row["strength"]), {})
            kept[row["task"]] = (*kept.get(row["task"], ()), row[of])
    return found

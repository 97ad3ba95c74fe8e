"""Which images are held out for the test: a share of each class, or whole groups."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from symclone_tf.errors import DataError
from symclone_tf.types import Array

# How many orders of groups are tried, of which the best split is taken.
ORDERS = 10


def held_out(
    source: str,
    labels: Array,
    names: Sequence[str],
    test_share: float,
    rng: np.random.Generator,
    groups: Array | None = None,
) -> Array:
    """Which images are test images.

    Args:
        source: String, what messages call the data.
        labels: Integer array, of all images.
        names: Sequence of strings, what messages call the labels that there are, in
            their order.
        test_share: Float, of each class.
        rng: `numpy.random.Generator`, which chooses.
        groups: Array, of which images with equal entries stay together, as those of
            one patient; `None` if each may go its own way.

    Returns:
        Boolean array.

    Raises:
        DataError: If a class cannot be both trained and tested on.
    """
    there, classes = np.unique(labels, return_inverse=True)
    if groups is None:
        return _of_each_class(source, classes, names, test_share, rng)
    _, members = np.unique(groups, return_inverse=True)
    counts = np.zeros((members.max() + 1, len(there)), int)
    np.add.at(counts, (members, classes), 1)
    for name, each in zip(names, (counts > 0).sum(0)):
        if each < 2:
            raise DataError(
                f"{source}: all images of {name} are of one group: each class needs "
                "groups to train on and others to test on"
            )
    orders = (rng.permutation(len(counts)) for _ in range(ORDERS))
    splits = [_whole_groups(counts, test_share, order) for order in orders]
    whole = [chosen for chosen in splits if _has_all(counts, chosen)]
    if not whole:
        raise DataError(
            f"{source}: no split by groups was found that has every class in both "
            "train and test: give both"
        )
    totals = counts.sum(0)

    def distance(chosen: Array) -> float:
        return _distance(counts[chosen].sum(0), totals, test_share)

    return min(whole, key=distance)[members]


def compiled(pattern: Any) -> re.Pattern[str]:
    """A pattern of paths, whose groups stay together.

    Raises:
        ValueError: If it is not a regular expression.
    """
    try:
        return re.compile(pattern)
    except (re.error, TypeError) as error:
        raise ValueError(
            "`keep_together` must be a regular expression, as '(patient[0-9]+)' "
            f"({error}). Received: keep_together={pattern!r}"
        ) from error


def groups_of_paths(
    source: str, pattern: re.Pattern[str], paths: Sequence[str]
) -> Array:
    """The group of each path: the part named `group` of what the pattern finds there,
    or else its first part in parentheses, or all of it.

    Raises:
        DataError: If a path does not match.
    """
    part = "group" if "group" in pattern.groupindex else min(pattern.groups, 1)
    found = [pattern.search(path) for path in paths]
    groups = [each and each[part] for each in found]
    missing = [path for path, group in zip(paths, groups) if group is None]
    if missing:
        raise DataError(
            f"{source}: {len(missing):,} files do not match `keep_together` "
            f"{pattern.pattern!r}, the first of them {missing[0]}"
        )
    return np.array(groups)


def check_apart(source: str, train: Array, test: Array) -> None:
    """Refuses groups that are in both training and test images.

    Raises:
        DataError: If some are.
    """
    both = np.intersect1d(train, test)
    if len(both):
        raise DataError(
            f"{source}: {len(both):,} groups have images in both train and test, the "
            f"first of them {both[0]}"
        )


def _of_each_class(
    source: str,
    classes: Array,
    names: Sequence[str],
    test_share: float,
    rng: np.random.Generator,
) -> Array:
    chosen = np.zeros(len(classes), bool)
    for label, name in enumerate(names):
        mine = rng.permutation(np.flatnonzero(classes == label))
        if len(mine) < 2:
            raise DataError(
                f"{source}: {name} has one image only: each class needs one to train "
                "on and one to test on"
            )
        count = min(max(1, round(test_share * len(mine))), len(mine) - 1)
        chosen[mine[:count]] = True
    return chosen


def _whole_groups(counts: Array, test_share: float, order: Array) -> Array:
    """Groups for the test, taken one by one while that brings each class closer.

    As in scikit-learn's StratifiedGroupKFold, but for one split of any share.
    """
    chosen = np.zeros(len(counts), bool)
    totals, tested = counts.sum(0), np.zeros(counts.shape[1])
    # First those without which a class would not be tested, then what comes closer.
    for needed in (True, False):
        for group in order[~chosen[order]]:
            more = tested + counts[group]
            if (more == totals).any():
                continue
            if needed:
                taken = ((tested == 0) & (more > 0)).any()
            else:
                before = _distance(tested, totals, test_share)
                taken = _distance(more, totals, test_share) < before
            if taken:
                chosen[group], tested = True, more
    return chosen


def _has_all(counts: Array, chosen: Array) -> bool:
    return bool(
        (counts[chosen].sum(0) > 0).all() and (counts[~chosen].sum(0) > 0).all()
    )


def _distance(tested: Array, totals: Array, test_share: float) -> float:
    """How far the classes' shares are from the wanted one, and that of all images."""
    classes = np.mean((tested / totals - test_share) ** 2)
    return float(classes + (tested.sum() / totals.sum() - test_share) ** 2)

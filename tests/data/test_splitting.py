"""Which images are test images."""

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.data.splitting import (
    check_apart,
    compiled,
    groups_of_paths,
    held_out,
)


def chosen(labels, groups=None, share=0.2, seed=0):
    labels = np.asarray(labels)
    names = [f"class {label}" for label in np.unique(labels)]
    return held_out("mine", labels, names, share, np.random.default_rng(seed), groups)


@pytest.mark.parametrize("share", [0.001, 0.2, 0.5, 0.999])
def test_a_share_of_each_class_is_tested_on_and_at_least_one(rng, share):
    labels = rng.permutation([7] * 50 + [2] * 10 + [5] * 2)
    for seed in range(3):
        test = chosen(labels, share=share, seed=seed)
        for label, count in ((7, 50), (2, 10), (5, 2)):
            expected = min(max(round(share * count), 1), count - 1)
            assert test[labels == label].sum() == expected


def test_a_seed_chooses():
    labels = np.arange(60) % 3
    first, again, other = (chosen(labels, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_class_of_one_image_is_refused():
    with pytest.raises(sc.DataError, match="mine: class 1 has one image only"):
        chosen([0, 0, 0, 1])


@pytest.mark.parametrize("kind", [str, int])
def test_groups_are_whole_and_classes_have_their_share(rng, kind):
    groups = np.array([kind(n) for n in rng.integers(40, size=800)])
    labels = (rng.uniform(size=800) < 0.3).astype(int)
    for seed in range(5):
        test = chosen(labels, groups, seed=seed)
        assert not set(groups[test]) & set(groups[~test])
        assert abs(test.mean() - 0.2) < 0.02
        assert abs(test[labels == 1].mean() - 0.2) < 0.04
    assert (chosen(labels, groups, seed=0) != test).any()


def test_patients_of_one_class_each_are_split_within_their_class():
    groups = np.repeat(np.arange(12), 5)
    labels = np.repeat([0] * 10 + [1] * 2, 5)
    for seed in range(5):
        test = chosen(labels, groups, seed=seed)
        assert test[labels == 0].sum() == 10
        assert test[labels == 1].sum() == 5


@pytest.mark.parametrize(
    ("labels", "groups", "message"),
    [
        ([0, 0, 1, 1], [9, 9, 9, 9], "all images of class 0 are of one group"),
        ([0, 0, 1, 1], [1, 2, 3, 3], "all images of class 1 are of one group"),
        # Whatever is taken, one class has no images left in one of both.
        ([0, 0, 1, 1, 2, 2], [1, 2, 1, 3, 2, 3], "no split by groups was found"),
    ],
)
def test_what_cannot_be_split_is_refused(labels, groups, message):
    with pytest.raises(sc.DataError, match=f"mine: {message}"):
        chosen(labels, np.array(groups))


def test_groups_in_both_are_refused():
    check_apart("mine", np.array([1, 2]), np.array([3]))
    with pytest.raises(sc.DataError, match=r"mine: 2 groups .* the first of them b"):
        check_apart("mine", np.array(["c", "b", "a"]), np.array(["b", "c", "c"]))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"p\d+", ["p1", "p22"]),
        (r"(\d+)_", ["1", "22"]),
        (r"([ab])/p(?P<group>\d)", ["1", "2"]),
        (r"^[ab]", ["a", "b"]),
    ],
)
def test_patterns_find_groups_in_paths(pattern, expected):
    paths = ["a/p1_3.png", "b/p22_1.png"]
    found = groups_of_paths("mine", compiled(pattern), paths)
    assert found.tolist() == expected


@pytest.mark.parametrize("pattern", [r"p(\d+)_", r"p1|(x)"])
def test_paths_that_do_not_match_are_refused(pattern):
    with pytest.raises(sc.DataError, match=r"mine: 1 files do not match .* them p1"):
        groups_of_paths("mine", compiled(pattern), ["p1"])


@pytest.mark.parametrize("pattern", ["(", 3])
def test_what_is_no_pattern_is_refused(pattern):
    with pytest.raises(ValueError, match="`keep_together` must be a regular expr"):
        compiled(pattern)

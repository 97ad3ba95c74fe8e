"""Signed permutations of the axes of a volume."""

import numpy as np
import pytest

from symclone_tf.symmetry.volume_elements import EVERY, IDENTITY, element_of

QUARTERS = {"depth": (1, 2), "height": (2, 0), "width": (0, 1)}


def about(axis):
    """A quarter turn's matrix: where it takes the unit vectors."""
    first, second = QUARTERS[axis]
    matrix = np.eye(3, dtype=int)
    matrix[[first, second]] = 0
    matrix[second, first], matrix[first, second] = 1, -1
    return matrix


def test_there_are_as_many_as_symmetries_of_the_cube():
    assert len(EVERY) == 48
    assert sum(np.linalg.det(each.matrix) > 0 for each in EVERY) == 24
    assert len({each.title for each in EVERY}) == 48


@pytest.mark.parametrize("axis", QUARTERS)
def test_quarter_turns_are_those_of_numpy(rng, axis):
    volumes = rng.normal(size=(2, 4, 4, 4, 3))
    element = element_of(0, about(axis))
    assert element.title == f"rotated by 90° about {axis}"
    expected = np.rot90(volumes, axes=[i + 1 for i in QUARTERS[axis]])
    np.testing.assert_array_equal(element.transform(volumes), expected)
    back = element @ element @ element
    assert back.title == f"rotated by 270° about {axis}"
    np.testing.assert_array_equal(back.transform(expected), volumes)


def test_products_are_those_of_matrices_and_of_actions(rng):
    volumes = rng.normal(size=(1, 3, 3, 3))
    for g in EVERY:
        for h in list(EVERY)[:8]:
            np.testing.assert_array_equal((g @ h).matrix, g.matrix @ h.matrix)
            np.testing.assert_array_equal(
                (g @ h).transform(volumes), g.transform(h.transform(volumes))
            )


def test_points_move_as_by_the_matrix():
    """A voxel at centred coordinates p is at `matrix · p` afterwards."""
    for element in EVERY:
        volume = np.zeros((1, 5, 5, 5))
        point = np.array([2, 1, 0])
        volume[(0, *(point + 2))] = 1
        moved = element.transform(volume)
        assert moved[(0, *(element.matrix @ point + 2))] == 1


def test_rotations_have_axes_that_they_leave_where_they_are():
    for element in EVERY:
        if "about (" not in element.title:
            continue
        axis = element.title.partition("(")[2].strip(")").replace("−", "-")
        axis = np.array([int(each) for each in axis.split(",")])
        sign = -1 if "inverted" in element.title else 1
        np.testing.assert_array_equal(sign * element.matrix @ axis, axis)


def test_a_third_of_a_turn_is_counter_clockwise_about_its_axis():
    cyclic = element_of(0, ((0, 0, 1), (1, 0, 0), (0, 1, 0)))  # depth to height
    assert cyclic.title == "rotated by 120° about (1, 1, 1)"
    assert (cyclic @ cyclic).title == "rotated by 240° about (1, 1, 1)"
    assert cyclic @ cyclic @ cyclic == IDENTITY


@pytest.mark.parametrize(
    ("signs", "title"),
    [
        ((1, 1, 1), "original"),
        ((1, 1, -1), "reflected along width"),
        ((-1, 1, 1), "reflected along depth"),
        ((-1, -1, -1), "inverted"),
        ((1, -1, -1), "rotated by 180° about depth"),
    ],
)
def test_reflections_of_axes_have_titles(signs, title):
    assert element_of(0, np.diag(signs)).title == title


def test_results_are_not_the_inputs_themselves():
    volumes = np.zeros((1, 2, 2, 2))
    IDENTITY.transform(volumes)[:] = 1
    assert not volumes.any()


@pytest.mark.parametrize(
    "generator",
    [
        ((0, -1), (1, 0)),  # of the plane
        np.eye(3) * 2,
        np.ones((3, 3)),
        ((1, 0, 0), (0, 1)),
        np.eye(3) * np.nan,
        ((0.6, -0.8, 0), (0.8, 0.6, 0), (0, 0, 1)),
        "oh",
    ],
)
def test_other_matrices_are_refused(generator):
    message = r"must be signed permutations of \(depth.*generators\[2\]="
    with pytest.raises(ValueError, match=message) as caught:
        element_of(2, generator)
    assert "\n" not in str(caught.value)

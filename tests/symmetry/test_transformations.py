import numpy as np
import pytest

from symclone_tf.symmetry import cyclic, get_group, icosahedron
from symclone_tf.symmetry.transformations import (
    GroupTransformation,
    Permutation,
    Translation,
    permutations_of,
    transformations_of,
)

from references import closure


@pytest.mark.parametrize(
    ("group", "by", "name"),
    [
        ("c2", 1, "turned 180°"),
        ("d4", 4, "mirrored"),
        ("d4", 7, "mirrored, turned 270°"),
        ("t2", (2, -1), "2 down, 1 left"),
    ],
)
def test_moves_have_names(group, by, name):
    move = Translation(by) if group == "t2" else GroupTransformation(group, by)
    assert move.title == name


def test_permutations_move_points_and_maps_at_once(rng):
    into, out_of = rng.permutation(6), rng.permutation(4)
    move = Permutation(into, out_of, "mixed")
    inputs, outputs = rng.normal(size=(2, 3, 2, 5)), rng.normal(size=(2, 4, 7))
    moved = move.inputs(inputs)
    np.testing.assert_array_equal(
        moved.reshape(2, 6, 5), inputs.reshape(2, 6, 5)[:, into]
    )
    first, expected = move.compared(outputs, outputs)
    assert first is outputs
    np.testing.assert_array_equal(expected, outputs[:, out_of])


def test_moves_are_all_elements_but_the_identity(rng):
    images = rng.normal(size=(1, 5, 5, 1))
    moved = [move.inputs(images).tobytes() for move in transformations_of("d4")]
    assert len({images.tobytes(), *moved}) == 8
    assert len(transformations_of("t2", max_translation=2)) == 24


@pytest.mark.parametrize("group", ["c2", "c4", "d4"])
@pytest.mark.parametrize("size", [5, 6])
def test_what_a_turn_moves_its_inverse_moves_back(rng, group, size):
    order = get_group(group).order
    features = rng.normal(size=(2, size, size, order, 3))
    for element in range(order):
        move = GroupTransformation(group, element)
        moved = move.outputs(move.inputs(features))
        back = move.inverse()
        np.testing.assert_array_equal(back.inputs(back.outputs(moved)), features)


def test_what_a_permutation_moves_its_inverse_moves_back(rng):
    move = Permutation(rng.permutation(6), rng.permutation(4))
    inputs, outputs = rng.normal(size=(2, 6, 5)), rng.normal(size=(2, 4, 5))
    back = move.inverse()
    np.testing.assert_array_equal(back.inputs(move.inputs(inputs)), inputs)
    np.testing.assert_array_equal(back.outputs(move.outputs(outputs)), outputs)


@pytest.mark.parametrize(
    "move", [GroupTransformation("c4", 1), GroupTransformation("d4", 6)]
)
def test_sources_say_where_entries_come_from(rng, move):
    shapes = (7, 7), (5, 5, move.group.order)
    image, features = (rng.normal(size=(1, *shape, 1)) for shape in shapes)
    into, out_of = move.sources(*shapes)
    np.testing.assert_array_equal(image.ravel()[into], move.inputs(image).ravel())
    moved = move.outputs(features).ravel()
    np.testing.assert_array_equal(features.ravel()[out_of], moved)


def test_edges_go_on_where_a_shift_moves_something_in():
    into, out_of = Translation((1, -1), strides=(2, 1)).sources((4, 3), (3, 3))
    assert into.reshape(4, 3).tolist() == [[1, 2, 2], [1, 2, 2], [1, 2, 2], [4, 5, 5]]
    assert out_of.reshape(3, 3).tolist() == [[1, 2, 2], [1, 2, 2], [4, 5, 5]]


def test_permutations_are_moved_by_the_same_element_on_both_sides(rng):
    corners, faces = icosahedron(12), icosahedron(20)
    both = np.hstack([corners.generators, 12 + faces.generators])
    elements = closure(both.tolist())
    transformations = permutations_of(corners, faces, words=9)
    assert len(transformations) == 2 + 9
    for move in transformations:
        assert (*move.into.tolist(), *(12 + move.out_of).tolist()) in elements
    again = permutations_of(corners, faces, words=9)
    assert all((a.into == b.into).all() for a, b in zip(transformations, again))
    names = ["generator 2", "element 1"]
    assert [move.title for move in transformations][1:3] == names


def test_permutations_leave_what_has_no_points():
    move = Permutation([1, 0], [1, 0])
    answers = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(move.outputs(answers), answers)
    with pytest.raises(ValueError, match="A permutation of 2 points moves arrays"):
        move.inputs(np.zeros((4, 3, 1)))


def test_other_points_are_for_permutations():
    with pytest.raises(ValueError, match="`group_out` is for a `group` that is a Perm"):
        transformations_of("c4", group_out=cyclic(4))

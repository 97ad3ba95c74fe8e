import numpy as np
import pytest

from symclone_tf.symmetry.moves import Permutation, Shift, Turn, moves_of, shifted


def test_shifts_move_down_and_right():
    image = np.zeros((1, 5, 5, 1))
    image[0, 1, 1] = 1
    assert np.argwhere(shifted(image, (2, -1))[0, ..., 0]).tolist() == [[3, 0]]
    assert not shifted(image, (9, 0)).any()


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
    move = Shift(by) if group == "t2" else Turn(group, by)
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
    moved = [move.inputs(images).tobytes() for move in moves_of("d4")]
    assert len({images.tobytes(), *moved}) == 8
    assert len(moves_of("t2", max_shift=2)) == 24

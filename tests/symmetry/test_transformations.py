import numpy as np
import pytest

from symclone_tf.symmetry.group_transformation import GroupTransformation
from symclone_tf.symmetry.transformations import (
    Permutation,
    Translation,
)


@pytest.mark.parametrize(
    ("group", "element", "title"),
    [
        ("c2", 1, "rotated by 180°"),
        ("d4", 4, "reflected"),
        ("d4", 7, "reflected, rotated by 270°"),
        ("t2", (2, -1), "2 down, 1 left"),
    ],
)
def test_transformations_have_titles(group, element, title):
    if group == "t2":
        transformation = Translation(element)
    else:
        transformation = GroupTransformation(group, element)
    assert transformation.title == title


def test_permutations_act_on_positions_and_representation_at_once(rng):
    permutation_in, permutation_out = rng.permutation(6), rng.permutation(4)
    transformation = Permutation(permutation_in, permutation_out, "mixed")
    inputs, outputs = rng.normal(size=(2, 3, 2, 5)), rng.normal(size=(2, 4, 7))
    transformed = transformation.inputs(inputs)
    np.testing.assert_array_equal(
        transformed.reshape(2, 6, 5), inputs.reshape(2, 6, 5)[:, permutation_in]
    )
    first, expected = transformation.compared(outputs, outputs)
    assert first is outputs
    np.testing.assert_array_equal(expected, outputs[:, permutation_out])


def test_inverse_of_a_permutation_undoes_it(rng):
    g = Permutation(rng.permutation(6), rng.permutation(4), "mixed")
    inputs, outputs = rng.normal(size=(2, 6, 5)), rng.normal(size=(2, 4, 5))
    inverse = g.inverse()
    assert inverse.title == "mixed, inverse"
    np.testing.assert_array_equal(inverse.inputs(g.inputs(inputs)), inputs)
    np.testing.assert_array_equal(inverse.outputs(g.outputs(outputs)), outputs)


def test_sources_of_a_translation_repeat_the_edge():
    sources_in, sources_out = Translation((1, -1), strides=(2, 1)).sources(
        (4, 3), (3, 3)
    )
    assert sources_in.reshape(4, 3).tolist() == [
        [1, 2, 2],
        [1, 2, 2],
        [1, 2, 2],
        [4, 5, 5],
    ]
    assert sources_out.reshape(3, 3).tolist() == [[1, 2, 2], [1, 2, 2], [4, 5, 5]]


def test_permutations_leave_outputs_without_points_unchanged():
    exchange = Permutation([1, 0], [1, 0])
    outputs = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(exchange.outputs(outputs), outputs)
    with pytest.raises(ValueError, match="A permutation of 2 points takes arrays"):
        exchange.inputs(np.zeros((4, 3, 1)))


def test_outputs_of_upsampling_are_translated_further_than_inputs():
    """Repeated pixels, two rows and three columns of each."""
    inputs = np.arange(1.0, 13).reshape(1, 4, 3, 1)

    def upsampled(inputs):
        return inputs.repeat(2, axis=1).repeat(3, axis=2)

    translation = Translation((1, -1), upsampling=(2, 3))
    found = upsampled(translation.inputs(inputs))
    np.testing.assert_array_equal(found, translation.outputs(upsampled(inputs)))
    pair = translation.compared(found, upsampled(inputs))
    assert pair[0].shape == (1, 6, 6, 1)
    np.testing.assert_array_equal(*pair)
    back = translation.inverse()
    assert (back.offset, back.upsampling) == ((-1, 1), (2, 3))
    sources_in, sources_out = translation.sources((4, 3), (8, 9))
    assert sources_in.reshape(4, 3)[0].tolist() == [1, 2, 2]
    assert sources_out.reshape(8, 9)[2].tolist() == [3, 4, 5, 6, 7, 8, 8, 8, 8]

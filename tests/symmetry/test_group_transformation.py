import numpy as np
import pytest

from symclone_tf.symmetry import get_group
from symclone_tf.symmetry.group_transformation import GroupTransformation
from symclone_tf.symmetry.transformations import Permutation


@pytest.mark.parametrize("group", ["c2", "c4", "d4"])
@pytest.mark.parametrize("size", [5, 6])
def test_inverse_of_a_group_transformation_undoes_it(rng, group, size):
    order = get_group(group).order
    features = rng.normal(size=(2, size, size, order, 3))
    for element in range(order):
        g = GroupTransformation(group, element)
        transformed = g.outputs(g.inputs(features))
        inverse = g.inverse()
        np.testing.assert_array_equal(
            inverse.inputs(inverse.outputs(transformed)), features
        )


@pytest.mark.parametrize(
    "g", [GroupTransformation("c4", 1), GroupTransformation("d4", 6)]
)
def test_sources_are_where_entries_come_from(rng, g):
    shapes = (7, 7), (5, 5, g.group.order)
    image, features = (rng.normal(size=(1, *shape, 1)) for shape in shapes)
    sources_in, sources_out = g.sources(*shapes)
    np.testing.assert_array_equal(image.ravel()[sources_in], g.inputs(image).ravel())
    np.testing.assert_array_equal(
        features.ravel()[sources_out], g.outputs(features).ravel()
    )


@pytest.mark.parametrize(("group", "taps"), [("d4", 1), ("c8", 16), ("d3", 16)])
def test_taps_and_weights_make_what_transformations_do(rng, group, taps):
    group = get_group(group)
    shapes = (7, 7), (5, 5, group.order)
    image, features = (rng.normal(size=(1, *shape, 1)) for shape in shapes)
    for element in range(group.order):
        g = GroupTransformation(group, element)
        of_inputs, of_outputs = g.taps(*shapes)
        pairs = (of_inputs, image, g.inputs), (of_outputs, features, g.outputs)
        for found, values, transform in pairs:
            total = np.sum(values.ravel()[found.positions] * found.weights, axis=1)
            np.testing.assert_allclose(total, transform(values).ravel(), atol=1e-12)
    assert of_inputs.positions.shape[1] == taps
    assert GroupTransformation(group, 0).taps(*shapes)[0].positions.shape[1] == 1


def test_outputs_without_spatial_axes_keep_their_entries():
    of_outputs = GroupTransformation("c8", 1).taps((6, 6), (3,))[1]
    assert of_outputs.positions.tolist() == [[0], [1], [2]]
    assert of_outputs.weights.tolist() == [[1], [1], [1]]


def test_transformations_that_interpolate_have_no_single_sources():
    eighth, quarter = (GroupTransformation("c8", element) for element in (1, 2))
    assert (eighth.interpolates, quarter.interpolates) == (True, False)
    assert quarter.sources((2, 2), ())[0].tolist() == [1, 3, 0, 2]
    with pytest.raises(ValueError, match=r"Received: rotated by 45°") as refused:
        eighth.sources((7, 7), (5, 5, 8))
    assert "\n" not in str(refused.value)


def test_permutations_do_not_interpolate():
    found, _ = Permutation([1, 0], [1, 0]).taps((2,), (2,))
    assert found.positions.tolist() == [[1], [0]]
    assert not Permutation([1, 0], [1, 0]).interpolates


def test_only_what_interpolation_reaches_is_compared(rng):
    eighth = GroupTransformation("c8", 1)
    outputs = rng.normal(size=(2, 9, 9, 8, 3))
    found, expected = eighth.compared(eighth.outputs(outputs), outputs)
    np.testing.assert_array_equal(found, expected)
    assert found.shape == (2, 21, 8, 3)  # within 2.5 pixels of the centre
    vectors = rng.normal(size=(2, 3))
    np.testing.assert_array_equal(eighth.compared(vectors, vectors), [vectors] * 2)

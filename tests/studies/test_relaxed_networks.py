"""Where relaxed networks deviate from their convolutions."""

import keras
import numpy as np
import pytest
from untied import built, untied

import symclone_tf as sc
from symclone_tf.figures import draw_position_deviations
from symclone_tf.students.regions import region_numbers
from symclone_tf.studies import position_deviations

from networks import plain


def test_positions_that_deviate_are_found():
    relaxed, _ = sc.relax(plain(), verbose=0)
    found = position_deviations(relaxed)
    assert {name: norms.shape for name, norms in found.items()} == dict.fromkeys(
        ("first", "inner", "depthwise"), (6, 6)
    )
    assert max(norms.max() for norms in found.values()) < 1e-5
    (blocks,) = relaxed.get_layer("first").student.block_weights
    before = blocks.numpy().copy()
    weights = before.copy()
    weights[14] *= 3  # the third pixel of the third row: a deformation of 3
    blocks.assign(weights)
    first = position_deviations(relaxed)["first"]
    assert np.unravel_index(first.argmax(), first.shape) == (2, 2)
    assert first[2, 2] == pytest.approx(2 * 3 * (1 - 1 / 36), rel=0.02)
    # The same deformation at every position is another convolution.
    blocks.assign(2 * before)
    assert position_deviations(relaxed)["first"].max() < 1e-5
    blocks.assign(weights)
    figure = draw_position_deviations(position_deviations(relaxed))
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["first", "inner", "depthwise"]
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), first)


@pytest.mark.parametrize("any_size", [False, True])
def test_regions_that_deviate_are_found(any_size):
    """Of networks of any image size, at the size that their clones were made at."""
    size = None if any_size else 48
    convolution = keras.layers.Conv2D(3, 3, padding="same", name="same")
    model = keras.Sequential([keras.Input((size, size, 2)), convolution])
    relaxed, _ = sc.relax(model, student="regional", regions=(2, 3), verbose=0)
    student = relaxed.get_layer("same").student
    before = position_deviations(relaxed)["same"]
    assert before.shape == student.teacher.output_shape
    assert before.max() < 1e-5
    weights = student.region_weights.numpy()
    weights[4] *= 3  # the second of the three regions below
    student.region_weights.assign(weights)
    found = position_deviations(relaxed)["same"]
    inside = region_numbers(found.shape, (2, 3)).reshape(found.shape) == 4
    # A deformation of 3 in a share of all positions; those at the edge lack entries.
    share = inside.mean()
    expected = np.where(inside, 6 * (1 - share), 6 * share)[1:-1, 1:-1]
    np.testing.assert_allclose(found[1:-1, 1:-1], expected, rtol=0.05)
    figure = draw_position_deviations({"same": found})
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), found)


def test_the_depthwise_part_of_a_separable_layer_deviates_by_position(rng):
    layer = built("SeparableConv2D", (6, 5, 2), name="separable")
    cloned = untied(layer, (6, 5, 2), symmetry="trainable")
    model = keras.Sequential([keras.Input((6, 5, 2)), cloned])
    assert np.all(position_deviations(model)["separable"] < 1e-5)
    weights = cloned.student.local_weights
    changed = np.array(weights)
    changed[4] += rng.normal(size=changed[4].shape)
    weights.assign(changed)
    found = position_deviations(model)["separable"]
    assert found.shape == (4, 3)
    assert found.argmax() == 4

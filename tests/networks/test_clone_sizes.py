"""The sizes of inputs that clones are fused for."""

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.networks.clone_sizes import at_size, sizes_in_network, sizes_of
from symclone_tf.teachers import TranslationConvTeacher

from clones import solved
from regional_layers import layer_of, trained


def test_a_layer_has_the_size_that_it_was_built_for(rng):
    student = trained(sc.ConvTeacher("t2", 9), rng)
    assert sizes_of(layer_of(student, rng)) == (9, 9)
    assert sizes_of(layer_of(student, rng, size=(12, 10))) == (12, 10)
    assert sizes_of(layer_of(student, rng, size=(None, None))) == (None, None)
    first = layer_of(student, rng, size=(12, 10), data_format="channels_first")
    assert sizes_of(first) == (12, 10)


def test_a_given_size_is_taken(rng):
    layer = layer_of(trained(sc.ConvTeacher("t2", 9), rng), rng, size=(None, None))
    assert sizes_of(layer, 12) == (12, 12)
    assert sizes_of(layer, [12, 10]) == (12, 10)
    layer = layer_of(trained(TranslationConvTeacher((6, 6, 6)), rng), rng)
    assert sizes_of(layer, (5, 6, 7)) == (5, 6, 7)


@pytest.mark.parametrize("size", [0, (9,), (9, 9.0), "large"])
def test_what_is_no_size_is_refused(rng, size):
    layer = layer_of(trained(sc.ConvTeacher("t2", 9), rng), rng)
    with pytest.raises(ValueError, match="`image_size` must be a positive") as why:
        sizes_of(layer, size)
    assert "\n" not in str(why.value)


def test_sizes_that_a_student_does_not_take_are_refused(rng):
    layer = layer_of(trained(sc.ConvTeacher("t2", 9), rng, regions=4), rng)
    assert sizes_of(layer, 5) == (5, 5)  # with fewer outputs than regions
    with pytest.raises(ValueError, match="`kernel_size` must not exceed `image_size`"):
        sizes_of(layer, 2)
    fixed = sc.ClonedConv2D(2, solved("t2"), name="fixed")
    fixed.build((None, 6, 6, 1))
    assert sizes_of(fixed) == sizes_of(fixed, 6) == ()
    with pytest.raises(ValueError, match=r"'fixed' takes inputs of one size, 6×6"):
        sizes_of(fixed, 8)


def test_sizes_in_a_network_are_those_of_all_calls(rng):
    layer = layer_of(trained(sc.ConvTeacher("t2", 9), rng), rng)
    first, second = (1, 9, 9, 4), (1, 9, 12, 4)
    assert sizes_in_network(layer, {id(layer): [first]}) == (9, 9)
    assert sizes_in_network(layer, {id(layer): [first, second]}) == (9, None)
    assert sizes_in_network(layer, {}) == (None, None)


@pytest.mark.parametrize("geometry", [{}, {"padding": "same", "strides": 2}])
def test_a_student_of_another_size_computes_the_same(rng, geometry):
    student = trained(sc.ConvTeacher("c4", 9, **geometry), rng)
    other = at_size(student, (15, 15))
    assert other.teacher.image_size == 15
    assert at_size(student, (9, 9)) is at_size(student, (None, 9)) is student
    images = rng.normal(size=(2, 15, 15, 3)).astype("float32")
    kernel = rng.normal(size=(3, 3, 3, 5)).astype("float32")
    np.testing.assert_array_equal(other(images, kernel), student(images, kernel))


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_a_student_of_a_size_with_fewer_outputs_than_regions_computes_the_same(
    rng, padding
):
    student = trained(sc.ConvTeacher("t2", 9, padding=padding), rng, regions=4)
    for size in ((5, 9), (3, 3), *([(1, 2)] if padding == "same" else [])):
        other = at_size(student, size)
        assert other.teacher.input_shape == size
        assert other.regions == (4, 4)
        images = rng.normal(size=(2, *size, 3)).astype("float32")
        kernel = rng.normal(size=(3, 3, 3, 5)).astype("float32")
        expected = np.array(student(images, kernel))
        np.testing.assert_allclose(other(images, kernel), expected, atol=1e-4)

"""What a network takes is known, for images of any size and for several inputs."""

import keras
import numpy as np
import pytest
from keras import layers
from own_networks import Subclassed, of_an_image_and_facts, siamese, subclassed

import symclone_tf as sc
from symclone_tf.networks.network_inputs import input_specs, noise, shapes_of, zeros

from networks import plain


def of_any_size(shape=(None, None, 3)):
    images = keras.Input(shape, name="images")
    return keras.Model(images, layers.Conv2D(2, 3)(images))


def test_inputs_come_in_the_structure_that_the_network_takes():
    assert input_specs(plain()).shape == (None, 12, 12, 2)
    assert shapes_of(input_specs(siamese())) == [(None, 12, 12, 3)] * 2
    specs = input_specs(of_an_image_and_facts(), 9)
    assert shapes_of(specs) == {"image": (None, 9, 9, 3), "facts": (None, 5)}
    assert input_specs(subclassed()).shape == (None, 12, 12, 3)
    for one in (input_specs(siamese()), specs):
        for values in (zeros(one), noise(one)):
            keras.tree.assert_same_structure(values, one)


def test_sizes_are_given_for_axes_that_have_none():
    assert input_specs(of_any_size(), 8).shape == (None, 8, 8, 3)
    assert input_specs(of_any_size(), (8, 6)).shape == (None, 8, 6, 3)
    assert input_specs(of_any_size((8, None, 3)), (8, 6)).shape == (None, 8, 6, 3)
    images = keras.Input((3, None, None))
    first = layers.Conv2D(2, 3, data_format="channels_first")(images)
    assert input_specs(keras.Model(images, first), (8, 6)).shape == (None, 3, 8, 6)
    both = of_an_image_and_facts()
    assert input_specs(both, {"image": (7, 5)})["image"].shape == (None, 7, 5, 3)


@pytest.mark.parametrize(
    ("make", "size", "message"),
    [
        (of_any_size, None, r"takes any: pass `image_size`.*\(None, None, None, 3\)"),
        (of_an_image_and_facts, None, "pass `image_size`"),
        (plain, 13, "takes images of shape.*image_size=13"),
        (of_any_size, (3, 4, 5), "must be a positive integer, or a pair"),
        (of_any_size, 0, "must be a positive integer, or a pair"),
        (of_an_image_and_facts, {"photo": 4}, "of facts, image. Received: photo"),
        (Subclassed, 8, "knows the shapes of its inputs if it has been called"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(make, size, message):
    with pytest.raises(ValueError, match=message):
        input_specs(make(), size)


def test_words_of_any_number_need_no_size():
    words = keras.Input((None,), dtype="int32")
    model = keras.Model(words, layers.Embedding(4, 3)(words))
    specs = input_specs(model)
    assert specs.shape == (None, None)
    assert zeros(specs).shape == noise(specs).shape == (1, 16)
    assert set(np.unique(noise(specs))) == {0, 1}


def test_noise_is_always_the_same_and_of_the_given_statistics():
    specs = input_specs(of_any_size(), 64)
    drawn = noise(specs, 128.0, 64.0)
    np.testing.assert_array_equal(drawn, noise(specs, 128.0, 64.0))
    assert drawn.dtype == "float32"
    assert abs(drawn.mean() - 128) < 3
    assert abs(drawn.std() - 64) < 3
    assert np.abs(zeros(specs)).max() == 0


def test_a_fixed_batch_is_kept():
    images = keras.Input(batch_shape=(5, 8, 8, 1))
    model = keras.Model(images, layers.Conv2D(2, 3)(images))
    assert zeros(input_specs(model)).shape == (5, 8, 8, 1)


class OfSeveral(keras.Model):
    """A subclassed model that takes a list or a dictionary of images."""

    def __init__(self):
        super().__init__()
        self.conv = layers.Conv2D(2, 3)

    def call(self, inputs):
        first, second = inputs.values() if isinstance(inputs, dict) else inputs
        return self.conv(first) - self.conv(second)


@pytest.mark.slow
@pytest.mark.parametrize(
    "structure", [lambda x, y: [x, y], lambda x, y: {"first": x, "second": y}]
)
def test_subclassed_models_of_several_inputs_know_their_shapes(structure):
    model = OfSeveral()
    images = np.ones((2, 8, 8, 3), "float32")
    model(structure(images, 2 * images))
    shapes = shapes_of(input_specs(model))
    assert shapes == structure((None, 8, 8, 3), (None, 8, 8, 3))
    _, report = sc.relax(model, verbose=0)
    assert len(report.layers) == 1
    assert report.difference < 1e-5


@pytest.mark.tensorflow
def test_words_beside_images_are_words():
    words = keras.Input((1,), dtype="string")
    model = keras.Model(words, layers.StringLookup(vocabulary=["a", "0"])(words))
    specs = input_specs(model)
    for values in (zeros(specs), noise(specs)):
        assert values.dtype.kind == "U"
        assert model(keras.ops.convert_to_tensor(values)).shape == (1, 1)


def test_a_size_for_networks_of_fixed_sizes_is_refused():
    with pytest.raises(ValueError, match=r"none is of unknown size.*image_size=48"):
        sc.relax(siamese(), image_size=48, verbose=0)
    both = of_an_image_and_facts()
    with pytest.raises(ValueError, match="input 'image' of shape"):
        input_specs(both, {"facts": 5})


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (
            3,
            r"are too small for the|cannot be called with inputs of shape",
        ),
        (9, r"cannot be called with inputs of shape \(None, 9, 9, 3\): "),
    ],
)
def test_sizes_that_the_network_does_not_take_are_refused_in_a_line(size, message):
    images = keras.Input((None, None, 3))
    x = layers.Conv2D(2, 3)(layers.MaxPooling2D(2)(images))
    up = layers.UpSampling2D(2)(layers.MaxPooling2D(2)(images))
    model = keras.Model(images, [x, layers.Concatenate()([images, up])])
    with pytest.raises(ValueError, match=message) as error:
        sc.relax(model, image_size=size, verbose=0)
    assert "\n" not in str(error.value)

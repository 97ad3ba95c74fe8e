"""One function makes the clone of a convolution of any kind, or refuses it."""

import keras
import pytest
from untied import built, untied

import symclone_tf as sc
from symclone_tf.layers import cloned_layer_of
from symclone_tf.layers.conversion import SUPPORTED, teacher_of

from clones import relative, solved

KINDS = {
    "Conv2D": ("ClonedConv2D", (7, 6, 2)),
    "SeparableConv2D": ("ClonedSeparableConv2D", (7, 6, 2)),
    "Conv1D": ("Cloned", (8, 2)),
    "Conv3D": ("Cloned", (4, 5, 4, 2)),
    "Conv1DTranspose": ("Cloned", (5, 2)),
    "Conv2DTranspose": ("Cloned", (4, 5, 2)),
    "Conv3DTranspose": ("Cloned", (2, 3, 2, 2)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_clones_of_every_kind_compute_what_the_layer_does(rng, kind):
    clone, shape = KINDS[kind]
    layer = built(kind, shape, activation="tanh", name="middle")
    cloned = untied(layer, shape, symmetry="trainable")
    assert (type(cloned).__name__, cloned.name) == (clone, "middle")
    assert (cloned.symmetry, cloned.computes_as()) == ("trainable", "blocks")
    inputs = rng.normal(size=(2, *shape)).astype("float32")
    assert relative(cloned(inputs), layer(inputs)) < 1e-5


@pytest.mark.slow
def test_every_kind_that_is_supported_has_a_clone(rng):
    others = {"DepthwiseConv2D", "GroupConv2D", "GroupConv3D"}
    assert {kind.__name__ for kind in SUPPORTED} == {*KINDS, *others}
    inputs = rng.normal(size=(2, 7, 6, 2)).astype("float32")
    depthwise = keras.layers.DepthwiseConv2D(3)
    group = sc.GroupConv2D(3, 3, "t2")
    for layer in (depthwise, group):
        expected = layer(inputs)
        cloned = untied(layer, (7, 6, 2))
        assert isinstance(cloned, sc.ClonedConv2D)
        assert relative(cloned(inputs), expected) < 1e-5
    volumes = rng.normal(size=(2, 4, 3, 5, 2)).astype("float32")
    layer = sc.layers.GroupConv3D(3, 3, "flip3d")
    expected = layer(volumes)
    cloned = untied(layer, volumes.shape[1:])
    assert type(cloned) is sc.layers.Cloned
    assert relative(cloned(volumes), expected) < 1e-5


class Scaled(keras.layers.Conv2D):
    """A convolution of Keras' that computes something else."""

    def call(self, inputs):
        return 2 * super().call(inputs)


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Dense(2),
        keras.layers.SeparableConv1D(2, 3),
        keras.layers.DepthwiseConv1D(3),
        Scaled(2, 3),
    ],
)
def test_other_layers_are_refused_in_one_line(layer):
    shape = (None, 6, 2) if "1D" in type(layer).__name__ else (None, 6, 6, 2)
    layer.build(shape)
    kind = type(layer).__name__
    for refusing in (
        lambda: teacher_of(layer, shape),
        lambda: cloned_layer_of(layer, solved("t2")),
    ):
        with pytest.raises(ValueError, match=rf"^its kind, {kind}, is not") as caught:
            refusing()
        assert "\n" not in str(caught.value)


def test_groups_of_channels_along_one_axis_are_refused_in_one_line():
    layer = built("Conv1D", (8, 4), filters=4, groups=2)
    with pytest.raises(ValueError, match=r"^its channels are in groups, which is"):
        teacher_of(layer, (None, 8, 4))


def test_strides_with_dilation_are_refused_in_one_line():
    layer = built("SeparableConv2D", (9, 9, 2), strides=2, dilation_rate=2)
    with pytest.raises(ValueError, match=r"`strides` must be 1 where") as caught:
        teacher_of(layer, (None, 9, 9, 2))
    assert "\n" not in str(caught.value)


def test_students_of_another_geometry_are_refused():
    layer = built("Conv2DTranspose", (4, 4, 2), strides=2)
    other = untied(built("Conv2DTranspose", (4, 4, 2)), (4, 4, 2)).student
    for student in (other, solved("t2")):
        with pytest.raises(
            ValueError, match=r"The student imitates.*which has teacher"
        ):
            cloned_layer_of(layer, student)
    signal = untied(built("Conv1DTranspose", (4, 2)), (4, 2)).student
    with pytest.raises(ValueError, match=r"The student imitates.*has other axes"):
        cloned_layer_of(layer, signal)

import keras
from keras import layers
from untied import built, change, untied

from symclone_tf.layers.cloned_conv2d import ClonedConv2D
from symclone_tf.networks.convolutions import convolution_layers, deviations

from clones import solved


def test_convolutions_of_nested_models_are_found():
    inner = keras.Sequential([layers.Conv2D(1, 3, name="inside")])
    model = keras.Sequential(
        [keras.Input((6, 6, 1)), ClonedConv2D(2, solved()), layers.Flatten()]
    )
    outer = keras.Sequential([keras.Input((8, 8, 1)), inner, model])
    assert [layer.name for layer in convolution_layers(outer)][:1] == ["inside"]
    assert len(convolution_layers(outer)) == 2


def test_convolutions_come_in_order_and_shared_ones_once():
    def conv(name):
        return layers.Conv2D(1, 3, padding="same", name=name)

    inner = keras.Sequential([conv("b"), keras.Sequential([conv("c")]), conv("d")])
    inputs = keras.Input((8, 8, 1))
    outputs = conv("e")(inner(inner(conv("a")(inputs))))
    found = convolution_layers(keras.Model(inputs, outputs))
    assert [layer.name for layer in found] == ["a", "b", "c", "d", "e"]


def test_separable_and_transposed_clones_are_found_once_by_their_names(rng):
    kinds = {"SeparableConv2D": (8, 8, 2), "Conv2DTranspose": (6, 6, 3)}
    plain = [built(kind, shape, name=kind) for kind, shape in kinds.items()]
    clones = [
        untied(layer, shape, symmetry="anchored", anchor="proximal")
        for layer, shape in zip(plain, kinds.values())
    ]
    for parts in (plain, clones):
        model = keras.Sequential([keras.Input((8, 8, 2)), *parts])
        assert convolution_layers(model) == parts
    assert {name: found.norm for name, found in deviations(model).items()} == {
        "SeparableConv2D": 0,
        "Conv2DTranspose": 0,
    }
    change(clones[0], rng)
    assert deviations(model)["SeparableConv2D"].norm > 0
    assert deviations(model)["Conv2DTranspose"].norm == 0

"""Files of layers whose own class makes other layers than they have."""

import pathlib

import keras
import numpy as np
import pytest
from keras import layers
from own_networks import (
    Backbone,
    Block,
    Classifier,
    LateBlock,
    Subclassed,
    classifier,
    functional,
    subclassed,
)

import symclone_tf as sc
from symclone_tf.networks.network_inputs import input_specs, noise
from symclone_tf.networks.reconstruction import rebuilt_layer
from symclone_tf.networks.restructured import (
    Restructured,
    forget_what_is_alike,
    has_layers_in_config,
)

from cases import later
from processes import run_script


def trained(model, **options):
    """A relaxed network that has learned something, and inputs of it."""
    relaxed, report = sc.relax(model, verbose=0, **options)
    assert report.difference < 1e-5
    rng = np.random.default_rng(0)
    for layer in sc.networks.convolution_layers(relaxed):
        for weight in layer.student.weights:
            weight.assign(weight + 0.05 * rng.normal(size=weight.shape))
    return relaxed, noise(input_specs(relaxed))


def outputs(model, inputs):
    return np.array(model(inputs, training=False))


NETWORKS = {
    "a block": lambda: functional(Block(4)),
    "a block that makes layers late": lambda: functional(LateBlock(4)),
    "nested blocks": lambda: functional(keras.Sequential([Block(2), LateBlock(3)])),
    "a subclassed model": subclassed,
    "a nested subclassed model": lambda: functional(Subclassed()),
    "models whose constructors make layers": classifier,
}


# Steps of training have other arguments on other backends.
OWN_STEPS = "models whose constructors make layers"
FIRST = (
    "a block that makes layers late",
    pytest.param(OWN_STEPS, marks=pytest.mark.tensorflow),
)


@pytest.mark.parametrize(
    "name",
    [*FIRST, *(later(name) for name in NETWORKS if name not in (FIRST[0], OWN_STEPS))],
)
def test_a_file_has_the_clones_of_such_networks(name, tmp_path):
    relaxed, inputs = trained(NETWORKS[name]())
    relaxed.save(tmp_path / "relaxed.keras")
    again = keras.saving.load_model(tmp_path / "relaxed.keras")
    assert type(again).__name__ == type(relaxed).__name__
    kinds = [type(one) for one in sc.networks.convolution_layers(again)]
    assert set(kinds) == {sc.ClonedConv2D}
    expected = outputs(relaxed, inputs)
    np.testing.assert_allclose(outputs(again, inputs), expected, atol=1e-6)
    # And once more, from what was read.
    again.save(tmp_path / "again.keras")
    third = keras.saving.load_model(tmp_path / "again.keras")
    np.testing.assert_allclose(outputs(third, inputs), expected, atol=1e-6)


@pytest.mark.slow
def test_the_class_is_the_same_with_its_behaviour(tmp_path):
    model = classifier()
    relaxed, _ = trained(model)
    assert isinstance(relaxed, Classifier)
    assert isinstance(relaxed.backbone, Backbone)
    assert type(relaxed).__name__ == "Classifier"
    assert relaxed.backbone is relaxed.layers[1] is not model.backbone
    relaxed.compile("sgd", "mse")
    images = np.ones((2, 12, 12, 3))
    assert relaxed.fit(images, np.ones((2, 2)), verbose=0).history == {"mine": [3.0]}
    relaxed.save(tmp_path / "relaxed.keras")
    again = keras.saving.load_model(tmp_path / "relaxed.keras")
    assert isinstance(again, Classifier)
    np.testing.assert_allclose(
        again.predict(images, verbose=0), relaxed.predict(images, verbose=0), atol=1e-6
    )


@pytest.mark.slow
def test_attributes_hold_the_tensors_of_the_new_graph():
    relaxed, _ = trained(Backbone(), image_size=(10, 8))
    assert relaxed.levels["P1"].shape == (None, 5, 4, 3)
    pyramid = keras.Model(relaxed.input, relaxed.levels)
    found = pyramid(np.ones((1, 10, 8, 3)))
    np.testing.assert_allclose(found["P2"], relaxed(np.ones((1, 10, 8, 3))), atol=1e-6)


def test_networks_that_describe_their_layers_need_no_more():
    assert has_layers_in_config(functional(layers.Conv2D(2, 3)))
    assert has_layers_in_config(keras.Sequential([layers.Conv2D(2, 3)]))
    assert has_layers_in_config(layers.TimeDistributed(layers.Conv2D(2, 3)))
    assert not has_layers_in_config(Block(2))
    assert not has_layers_in_config(Backbone())
    relaxed, _ = trained(functional(layers.Conv2D(2, 3)))
    assert not isinstance(relaxed, Restructured)


@pytest.mark.slow
def test_a_network_that_is_relaxed_in_two_steps_has_all_clones(tmp_path):
    model = functional(LateBlock(4))
    first, second = (one.name for one in sc.networks.convolution_layers(model))
    half, _ = sc.relax(model, layers=first, verbose=0)
    relaxed, inputs = trained(half, layers=second)
    relaxed.save(tmp_path / "relaxed.keras")
    again = keras.saving.load_model(tmp_path / "relaxed.keras")
    np.testing.assert_allclose(
        outputs(again, inputs), outputs(relaxed, inputs), atol=1e-6
    )


@pytest.mark.slow
def test_weights_are_saved_and_loaded_in_place(tmp_path):
    relaxed, inputs = trained(classifier())
    expected = outputs(relaxed, inputs)
    relaxed.save_weights(tmp_path / "some.weights.h5")
    for weight in relaxed.weights:
        weight.assign(0 * weight)
    relaxed.load_weights(tmp_path / "some.weights.h5")
    np.testing.assert_array_equal(outputs(relaxed, inputs), expected)


def test_layers_that_replace_others_are_not_tracked_twice():
    block = Block(2)
    block.build((None, 6, 6, 3))
    other = layers.Conv2D(2, 3, padding="same", name="other")
    other.build((None, 6, 6, 3))
    made = rebuilt_layer(block, lambda layer: other if layer is block.conv else None)
    assert isinstance(made, Restructured)
    assert made._replacing.layers == [made.conv] == [other]
    assert len(made._flatten_layers()) == len(block._flatten_layers())
    found = type(made).from_config(made.get_config())
    assert isinstance(found, Block)
    assert found.conv.name == "other"


def as_it_was(layer):
    """What a clone that was never trained becomes again."""
    if not isinstance(layer, sc.ClonedConv2D):
        return None
    conv = layers.Conv2D(layer.filters, 3, padding="same", name=layer.name)
    conv.build((None, 12, 12, 3))
    return conv


@pytest.mark.slow
def test_layers_like_those_of_the_class_need_not_be_named():
    model = functional(Block(4))
    relaxed, _ = sc.relax(model, verbose=0)
    assert isinstance(relaxed.layers[1], Restructured)
    for replace in (as_it_was, lambda layer: None):
        again = sc.networks.rebuilt(relaxed, replace)
        forget_what_is_alike(again)
        restructured = isinstance(again.layers[1], Restructured)
        assert restructured == (replace is not as_it_was)
    assert type(relaxed.layers[1]) is not Block


@pytest.mark.slow
def test_fused_networks_that_are_convolutions_again_are_of_their_own_class(tmp_path):
    model = classifier()
    relaxed, inputs = sc.relax(model, verbose=0)[0], noise(input_specs(model))
    fused = sc.fuse_network(relaxed)
    assert fused.notes == ()
    assert type(fused.model) is Classifier
    assert type(fused.model.backbone) is Backbone
    fused.model.save(tmp_path / "plain.keras")
    again = keras.saving.load_model(tmp_path / "plain.keras")
    np.testing.assert_allclose(
        outputs(again, inputs), outputs(model, inputs), rtol=1e-4, atol=1e-5
    )


@pytest.mark.slow
def test_it_is_said_which_fused_layers_only_this_package_can_read():
    relaxed, _ = trained(functional(Block(4, name="mine")))
    fused = sc.fuse_network(relaxed)
    assert fused.layers["conv"].form != "convolution"
    assert fused.notes == (
        "'mine', a Block, is read from a .keras file where symclone_tf is imported "
        "only, since its class would make other layers; exports need nothing.",
    )


@pytest.mark.slow
def test_a_program_that_only_imports_the_package_reads_such_a_file(tmp_path):
    relaxed, _ = trained(functional(Block(4)))
    relaxed.save(tmp_path / "relaxed.keras")
    tests = str(pathlib.Path(__file__).parent.parent)
    result = run_script(
        f"import sys; sys.path.insert(0, {tests!r})\n"
        "import keras, symclone_tf, own_networks\n"
        "model = keras.saving.load_model('relaxed.keras')\n"
        "print(type(model.layers[1].conv).__name__)\n",
        tmp_path,
    )
    assert result.stdout == "ClonedConv2D\n", result.stderr

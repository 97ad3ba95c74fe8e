"""Group convolutions that may break their symmetry: each element has a kernel."""

import functools

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.layers import GroupConv2D, UntiedGroupConv2D
from symclone_tf.symmetry import get_group
from symclone_tf.symmetry.equivariance import equivariance_error

from cases import later
from layer_checks import check_layer

KINDS = [("c4", True), ("c8", False), later("d4", False), later("flip", True)]


def draw(rng, group, lifting, size=7, channels=2):
    axis = () if lifting else (get_group(group).order,)
    return rng.normal(size=(3, size, size, *axis, channels)).astype("float32")


@pytest.mark.parametrize(("group", "lifting"), KINDS)
def test_begins_as_the_group_convolution_of_the_same_initializer(rng, group, lifting):
    inputs = draw(rng, group, lifting)
    options = {"kernel_initializer": keras.initializers.HeNormal(3), "padding": "same"}
    untied = UntiedGroupConv2D(4, 3, group, **options)
    tied = GroupConv2D(4, 3, group, **options)
    np.testing.assert_allclose(untied(inputs), tied(inputs), atol=2e-6)
    assert untied.count_params() - 4 == get_group(group).order * np.size(tied.kernel)
    assert untied.broken_share() < 1e-6


@pytest.mark.parametrize(("group", "lifting"), KINDS)
def test_from_conv_computes_what_a_trained_layer_does(rng, group, lifting):
    inputs = draw(rng, group, lifting, size=9)
    tied = GroupConv2D(3, 3, group, strides=2, activation="relu", name="last")
    tied(inputs)
    tied.set_weights([rng.normal(size=w.shape) for w in tied.get_weights()])
    untied = UntiedGroupConv2D.from_conv(tied, 9, symmetry="anchored")
    np.testing.assert_allclose(untied(inputs), tied(inputs), atol=1e-4)
    assert untied.name == "last"
    assert untied.broken_share() < 1e-6


def outputs_by_loops(inputs, layer):
    """y[n,u,h,o] = Σ x[n,u+v,g,c] w[h,v,g,c,o], one output after the other."""
    kernel = np.array(layer.kernel)
    if kernel.ndim == 5:
        kernel, inputs = kernel[:, :, :, None], inputs[:, :, :, None]
    order, k, _, _, _, filters = kernel.shape
    count, size = inputs.shape[0], inputs.shape[1] - k + 1
    outputs = np.zeros((count, size, size, order, filters))
    for u, v, h in np.ndindex(size, size, order):
        field = inputs[:, u : u + k, v : v + k].reshape(count, -1)
        outputs[:, u, v, h] = field @ kernel[h].reshape(-1, filters)
    return outputs + np.array(layer.bias)


@pytest.mark.parametrize(("group", "lifting"), KINDS)
def test_each_element_has_a_kernel(rng, group, lifting):
    inputs = draw(rng, group, lifting)
    layer = UntiedGroupConv2D(2, 3, group)
    layer.build(inputs.shape)
    layer.set_weights([rng.normal(size=w.shape) for w in layer.get_weights()])
    expected = outputs_by_loops(inputs, layer)
    np.testing.assert_allclose(layer(inputs), expected, rtol=1e-4, atol=1e-4)
    assert equivariance_error(layer, group, inputs) > 0.1
    assert 0.2 < layer.broken_share() < 1


@pytest.mark.parametrize(("group", "lifting"), KINDS)
def test_the_projection_is_that_of_least_squares(rng, group, lifting):
    """Found by solving for the kernel whose copies are nearest."""
    shape = draw(rng, group, lifting, channels=1).shape
    layer = UntiedGroupConv2D(1, 3, group)
    layer.build(shape)
    given = rng.normal(size=layer.kernel.shape)
    layer.kernel.assign(given)
    entries = given.size // get_group(group).order
    tied = GroupConv2D(entries, 3, group)
    tied.build(shape)
    tied.kernel.assign(np.eye(entries).reshape(tied.kernel.shape))
    copies = np.array(UntiedGroupConv2D.from_conv(tied).kernel, "float64")
    matrix = copies.reshape(-1, entries)
    nearest = matrix @ np.linalg.lstsq(matrix, given.ravel(), rcond=1e-6)[0]
    rest = np.linalg.norm(given.ravel() - nearest) / np.linalg.norm(given)
    assert layer.broken_share() == pytest.approx(rest, rel=1e-4)


@functools.cache
def trained(anchor, strength):
    """A classifier of which half of an image is bright, which no mirror image keeps."""
    keras.utils.set_random_seed(0)
    x = keras.random.normal((64, 8, 8, 1), seed=1)
    x, y = np.array(x), np.arange(64) % 2
    x[y == 0, :, :4] += 1
    x[y == 1, :, 4:] += 1
    layer = UntiedGroupConv2D(
        4, 3, "flip", symmetry="anchored", anchor=anchor, anchor_strength=strength
    )
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layer,
            keras.layers.Activation("relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(2, "softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=8, verbose=0)
    return layer


@pytest.mark.parametrize(
    ("anchor", "strength"),
    [
        ("l2-sp", 10.0),
        ("decoupled-l2-sp", 90.0),
        later("proximal", 0.5),
        later("kl", 1e5),
    ],
)
def test_anchors_hold_the_kernels_near_equivariant_ones(anchor, strength):
    free, held = trained("l2-sp", 1e-6), trained(anchor, strength)
    assert free.broken_share() > 0.02
    assert held.broken_share() < 0.3 * free.broken_share()


def test_all_inputs_transformed_break_nothing_in_expectation():
    """Gradients are those of the mean over the group, whose expectation is tied."""
    layer = UntiedGroupConv2D(2, 3, "c4", symmetry="anchored", anchor_strength=1.0)
    inputs = keras.random.normal((512, 8, 8, 1), seed=2)
    layer.build(inputs.shape)
    random = layer.random_transformations
    elements = np.array(random.draw(512))
    counts = np.bincount(elements, minlength=4)
    assert len(counts) == 4
    assert counts.min() > 80
    exact = np.array(layer(inputs, training=True))
    np.testing.assert_allclose(exact, layer(inputs), atol=1e-5)
    layer.kernel.assign_add(keras.random.normal(layer.kernel.shape, seed=3))
    changed = np.array(layer(inputs, training=True) - layer(inputs))
    assert np.abs(changed[elements != 0]).max() > 0.1


@pytest.mark.parametrize("anchor", ["decoupled-l2-sp", later("transformed-inputs")])
def test_behaves_as_a_keras_layer(rng, tmp_path, anchor):
    arguments = {"filters": 3, "kernel_size": 3, "group": "c4", "anchor": anchor}
    arguments |= {"padding": "same", "activation": "relu", "bias_regularizer": "l2"}
    inputs = draw(rng, "c4", False)
    shape = (3, 7, 7, 4, 3)
    check_layer(UntiedGroupConv2D, arguments, [inputs], shape, 2, tmp_path / "a.keras")


def test_an_anchored_layer_goes_on_after_it_was_saved(tmp_path, rng):
    layer = UntiedGroupConv2D(
        2, 3, "c4", symmetry="anchored", anchor="decoupled-l2-sp", anchor_strength=90.0
    )
    average = keras.layers.GlobalAveragePooling3D(data_format="channels_last")
    model = keras.Sequential([keras.Input((8, 8, 1)), layer, average])
    layer.kernel.assign_add(rng.normal(size=layer.kernel.shape))
    model.compile(keras.optimizers.SGD(0.01), "mse")
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    before = again.layers[0].broken_share()
    x = rng.normal(size=(8, 8, 8, 1)).astype("float32")
    again.fit(x, np.zeros((8, 2)), epochs=3, verbose=0)
    assert again.layers[0].broken_share() < 0.5 * before


def test_its_equivariance_error_is_measured(rng):
    layer = UntiedGroupConv2D(2, 3, "c4", name="last")
    model = keras.Sequential([keras.Input((8, 8, 1)), layer])
    x = rng.normal(size=(2, 8, 8, 1)).astype("float32")
    assert sc.networks.layer_errors(model, x, "c4")["last"] < 1e-5
    layer.kernel.assign_add(rng.normal(size=layer.kernel.shape))
    assert sc.networks.layer_errors(model, x, "c4")["last"] > 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"group": "t2"}, "`group` must have reflections or rotations.*group=t2"),
        ({"symmetry": "frozen"}, "`symmetry` must be one of trainable, anchored.*froz"),
        ({"anchor": "l3"}, "`anchor` must be one of.*l3"),
        ({"anchor_strength": -1}, "`anchor_strength` must be.*-1"),
        (
            {
                "symmetry": "anchored",
                "anchor": "proximal",
                "kernel_constraint": "non_neg",
            },
            "can have one only: leave `kernel_constraint` out.*Received",
        ),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        UntiedGroupConv2D(**{"filters": 2, "kernel_size": 3, "group": "c4"} | arguments)


def test_what_cannot_be_built_is_refused():
    layer = UntiedGroupConv2D(2, 3, "c4", symmetry="anchored")
    with pytest.raises(ValueError, match=r"needs inputs of a known size.*None, None"):
        layer(keras.Input((None, None, 1)))
    with pytest.raises(ValueError, match=r"must be a built GroupConv2D.*Conv2D"):
        UntiedGroupConv2D.from_conv(keras.layers.Conv2D(2, 3))

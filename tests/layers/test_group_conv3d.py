"""Group convolution of volumes as a Keras layer, equivariant whatever its weights."""

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.layers import GroupConv3D, GroupPooling
from symclone_tf.symmetry import get_volume_group

from cases import later
from clones import relative
from layer_checks import check_layer


@pytest.mark.parametrize(
    ("group", "lifting"),
    [("d2h", True), later("d2h", False), later("o", True), later("flip3d", False)],
)
def test_behaves_as_a_keras_layer(rng, tmp_path, group, lifting):
    order = get_volume_group(group).order
    axis = () if lifting else (order,)
    check_layer(
        GroupConv3D,
        {
            "filters": 2,
            "kernel_size": 3,
            "group": group,
            "padding": "valid",
            "activation": "relu",
            "kernel_regularizer": "l2",
            "bias_constraint": "non_neg",
            "lifting": lifting,
        },
        [rng.normal(size=(2, 4, 4, 4, *axis, 1)).astype("float32")],
        (2, 2, 2, 2, order, 2),
        weights=2,
        path=tmp_path / "model.keras",
    )


@pytest.mark.parametrize("group", ["flip3d", "d2h", later("o"), later("oh")])
@pytest.mark.parametrize("size", [5, 6])
def test_networks_are_equivariant_and_their_outputs_invariant(rng, group, size):
    layers = [
        GroupConv3D(2, 3, group, "same", activation="relu"),
        GroupConv3D(2, 3, group, activation="relu"),
    ]
    volumes = rng.normal(size=(3, size, size, size, 1)).astype("float32")
    model = keras.Sequential([keras.Input(volumes.shape[1:]), *layers])
    layers[0].bias.assign([0.3, -0.2])
    assert sc.equivariance_error(model, group, volumes) < 1e-5
    head = [GroupPooling(), keras.layers.GlobalAveragePooling3D()]
    model = keras.Sequential([*layers, *head, keras.layers.Dense(2)])
    assert sc.equivariance_error(model, group, volumes) < 1e-5
    errors = sc.networks.layer_errors(model, volumes, group)
    assert list(errors) == [layer.name for layer in layers]
    assert max(errors.values()) < 1e-5


@pytest.mark.parametrize("lifting", [True, False])
def test_computes_as_keras_with_each_copy_of_its_kernel(rng, lifting):
    axis = () if lifting else (8,)
    inputs = rng.normal(size=(2, 4, 5, 6, *axis, 2)).astype("float32")
    layer = GroupConv3D(3, (3, 2, 3), "d2h", activation="tanh")
    outputs = layer(inputs)
    group, kernel = get_volume_group("d2h"), np.asarray(layer.kernel)
    entries = kernel.reshape(-1, *kernel.shape[-2:])
    for h, sources in enumerate(group.kernel_permutations((3, 2, 3), lifting)):
        own = keras.layers.Conv3D(3, (3, 2, 3), activation="tanh")
        stacked = inputs.reshape(*inputs.shape[:4], -1)
        own.build(stacked.shape)
        own.kernel.assign(entries[sources].reshape(own.kernel.shape))
        np.testing.assert_allclose(outputs[..., h, :], own(stacked), atol=1e-5)


def test_boxes_may_have_strides_and_kernels_along_one_axis(rng):
    boxes = rng.normal(size=(2, 7, 4, 5, 1)).astype("float32")
    layer = GroupConv3D(2, (3, 1, 2), "d2h", strides=(2, 1, 1))
    assert layer(boxes).shape == (2, 3, 4, 4, 8, 2)
    assert sc.equivariance_error(layer, "d2h", boxes) < 1e-5
    with pytest.raises(ValueError, match=r"may be 5 or 7 with strides=2.*size=6"):
        layer(boxes[:, :6])


def test_unknown_sizes_work(rng):
    inputs = keras.Input((None, None, None, 1))
    model = keras.Model(inputs, GroupConv3D(2, 3, "o")(inputs))
    assert model.output_shape == (None, None, None, None, 24, 2)
    volume = rng.normal(size=(1, 4, 4, 4, 1)).astype("float32")
    assert model.predict_on_batch(volume).shape == (1, 2, 2, 2, 24, 2)


def test_mixed_precision_computes_in_half(rng):
    layer = GroupConv3D(2, 3, "d2h", dtype="mixed_float16")
    outputs = layer(rng.normal(size=(1, 4, 4, 4, 1)))
    assert keras.backend.standardize_dtype(outputs.dtype) == "float16"
    assert layer.kernel.dtype == "float32"


@pytest.mark.slow
@pytest.mark.parametrize("lifting", [True, False])
def test_clones_take_over_its_kernel_and_networks_are_relaxed(rng, lifting):
    axis = () if lifting else (8,)
    inputs = keras.Input((4, 5, 3, *axis, 2))
    layer = GroupConv3D(3, 3, "d2h", "same", activation="relu", name="conv")
    model = keras.Model(inputs, layer(inputs))
    layer.bias.assign([0.5, -1, 0])
    values = rng.normal(size=(2, *inputs.shape[1:])).astype("float32")
    relaxed, report = sc.relax(model, verbose=0)
    assert report.layers[0].kind == "GroupConv3D"
    cloned = relaxed.layers[-1]
    assert type(cloned) is sc.layers.Cloned
    assert relative(relaxed(values), model(values)) < 1e-5
    assert sc.networks.layer_errors(relaxed, values, "d2h")["conv"] < 1e-5
    twin = sc.layers.cloned_layer_of(layer, cloned.student, symmetry="trainable")
    assert relative(twin(values), model(values)) < 1e-5
    other = GroupConv3D(3, 3, "flip3d", "same", name="other")
    other.build((None, 4, 5, 3, 2))
    with pytest.raises(ValueError, match=r"The student imitates .*d2h"):
        sc.layers.Cloned.from_conv(other, cloned.student)


def test_ordinary_convolutions_of_volumes_have_an_error(rng):
    model = keras.Sequential([keras.Input((5, 5, 5, 1)), keras.layers.Conv3D(1, 3)])
    volumes = rng.normal(size=(2, 5, 5, 5, 1)).astype("float32")
    assert min(sc.networks.layer_errors(model, volumes, "o").values()) > 0.1
    found = sc.networks.network_error(model, volumes, "o")
    assert found.equivariance_error > 0.1


def test_errors_under_groups_of_images_are_not_defined(rng):
    model = keras.Sequential([keras.Input((5, 5, 5, 1)), GroupConv3D(1, 3, "d2h")])
    volumes = rng.normal(size=(1, 5, 5, 5, 1)).astype("float32")
    for group, title in (("t2", r"T\(2\)"), ("c4", "C4")):
        message = f"is not measured: {title} does not act on volumes"
        with pytest.warns(UserWarning, match=message):
            assert sc.networks.layer_errors(model, volumes, group) == {}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filters": 0}, "`filters` must be a positive integer"),
        ({"kernel_size": (3, 3)}, "`kernel_size` must be .*of which there are 3"),
        ({"group": "c4"}, "`group` must be one of flip3d, d2h, o, oh.*group=c4"),
        ({"kernel_size": (3, 3, 5)}, r"O exchanges .*kernel_size=\(3, 3, 5\)"),
        ({"padding": "full"}, "`padding` must be one of valid, same"),
        ({"padding": "same", "kernel_size": 2}, "`kernel_size` must be odd"),
        ({"lifting": "yes"}, "`lifting` must be one of None, True, False.*=yes"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message) as caught:
        GroupConv3D(**{"filters": 2, "kernel_size": 3, "group": "o", **arguments})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 6, 6, 1), r"O takes volumes.*\(1, 6, 6, 1\)"),
        ((1, 6, 6, 6, 8, 1), r"24, channels\).*\(1, 6, 6, 6, 8, 1\)"),
        ((1, 6, 6, 7, 1), r"O exchanges .*\(1, 6, 6, 7, 1\)"),
        ((1, 2, 2, 2, 1), "`kernel_size` must not exceed `volume_size`"),
    ],
)
def test_bad_inputs_are_refused(shape, message):
    with pytest.raises(ValueError, match=message):
        GroupConv3D(2, 3, "o")(np.zeros(shape))


VOLUMES, FEATURES = (1, 4, 5, 6, 1), (1, 4, 5, 6, 8, 1)


@pytest.mark.parametrize(
    ("lifting", "accepted", "refused", "inputs"),
    [
        (True, VOLUMES, FEATURES, "volumes, (batch, depth, height, width, channels)"),
        (
            *(False, FEATURES, VOLUMES),
            "feature maps, (batch, depth, height, width, 8, channels)",
        ),
    ],
)
def test_lifting_says_which_inputs_are_accepted(lifting, accepted, refused, inputs):
    layer = GroupConv3D(2, 3, "d2h", lifting=lifting)
    assert layer.compute_output_shape(accepted) == (1, 2, 3, 4, 8, 2)
    for check in (layer.build, layer.compute_output_shape):
        with pytest.raises(ValueError, match="D2h with") as caught:
            check(refused)
        assert str(caught.value) == (
            f"D2h with lifting={lifting} takes {inputs}. "
            f"Received: inputs of shape {refused}"
        )


def test_configurations_without_lifting_accept_both():
    config = GroupConv3D(2, 3, "d2h", lifting=False).get_config()
    assert config.pop("lifting") is False
    layer = GroupConv3D.from_config(config)
    assert layer.compute_output_shape(FEATURES) == layer.compute_output_shape(VOLUMES)

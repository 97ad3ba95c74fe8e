import keras
import numpy as np
import pytest
from keras import layers

import symclone_tf as sc
from symclone_tf.experiments.experiment import Experiment
from symclone_tf.experiments.image_networks import image_network
from symclone_tf.experiments.network_layouts import network_students
from symclone_tf.experiments.runs import find_or_clone
from symclone_tf.layers.group_conv2d import GroupConv2D
from symclone_tf.networks.convolutions import convolution_layers

from cases import later
from networks import features_of
from references import ACTIONS


@pytest.fixture(scope="module")
def students(clones):
    return find_or_clone(Experiment("cloned", "c4"), sc.workspace.Workspace(clones))


@pytest.mark.parametrize("make", [network_students, image_network])
def test_canvas_too_small_for_the_last_layer_is_refused(make):
    arguments = ("c4",) if make is network_students else ("gcnn", "c4")
    with pytest.raises(ValueError, match=r"convolution 4 .* 2×2 .*canvas=12"):
        make(*arguments, canvas=12)


@pytest.mark.parametrize("architecture", ["cnn", "gcnn"])
def test_canvas_too_small_for_the_last_pooling_is_refused(architecture):
    image_network(architecture, "c4", canvas=16)
    with pytest.raises(ValueError, match=r"last 2×2 pooling .*1×1.*canvas=15"):
        image_network(architecture, "c4", canvas=15)


@pytest.mark.parametrize(
    ("architecture", "kind", "parameters"),
    [
        ("cnn", layers.Conv2D, (9 * 1 + 1, 9 * 10 + 1, 9 * 10 + 1, 9 * 20 + 1)),
        ("gcnn", GroupConv2D, (9 * 1 + 1, 36 * 10 + 1, 36 * 10 + 1, 36 * 20 + 1)),
    ],
)
def test_convolutions_have_10_10_20_and_20_filters(architecture, kind, parameters):
    found = convolution_layers(image_network(architecture, "c4"))
    assert [type(layer) for layer in found] == [kind] * 4
    expected = [
        f * n + f for f, n in zip((10, 10, 20, 20), [p - 1 for p in parameters])
    ]
    assert [layer.count_params() for layer in found] == expected


def test_mlp_has_the_papers_widths():
    model = image_network("mlp", classes=20)
    widths = [layer.units for layer in model.layers if isinstance(layer, layers.Dense)]
    assert widths == [256, 256, 512, 512, 256, 128, 20]
    assert convolution_layers(model) == []


@pytest.mark.parametrize("architecture", ["mlp", "cnn", "gcnn"])
def test_outputs_are_probabilities(architecture, rng):
    model = image_network(architecture, "t2", classes=20, canvas=30)
    answers = model.predict_on_batch(rng.normal(size=(3, 30, 30, 1)))
    assert answers.shape == (3, 20)
    np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("architecture", ["mlp", "cnn", "gcnn", "cloned"])
def test_larger_images_in_colour_have_one_more_pair(architecture, rng, tmp_path):
    students = None
    if architecture == "cloned":
        students = network_students("t2", canvas=66, student="local", seed=0)
    model = image_network(
        architecture, "t2", canvas=66, channels=3, students=students, seed=0
    )
    found = convolution_layers(model)
    filters = [layer.filters for layer in found]
    assert filters == ([] if architecture == "mlp" else [10, 10, 20, 20, 40, 40])
    assert model(rng.normal(size=(2, 66, 66, 3))).shape == (2, 10)


def test_each_of_more_convolutions_may_be_chosen():
    students = network_students("t2", canvas=66, student="local", seed=0)
    kinds = ",".join(["frozen"] * 5 + ["trainable"])
    model = image_network("cloned", "t2", 10, 66, students, kinds)
    found = [layer.symmetry for layer in convolution_layers(model)]
    assert found == kinds.split(",")
    with pytest.raises(ValueError, match="one choice for all convolutions, or 6"):
        image_network("cloned", "t2", 10, 66, students, "frozen,frozen")


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["mlp", "cnn", "gcnn"])
def test_seed_decides_all_weights(architecture):
    def weights(seed):
        return np.concatenate(
            [w.ravel() for w in image_network(architecture, seed=seed).get_weights()]
        )

    np.testing.assert_array_equal(weights(1), weights(1))
    assert not np.array_equal(weights(1), weights(2))
    assert not np.array_equal(weights(None), weights(None))


def test_kernels_are_he_normal_and_differ_between_layers():
    kernels = [
        layer.kernel for layer in convolution_layers(image_network("gcnn", seed=0))
    ]
    np.testing.assert_allclose(np.std(kernels[3]), np.sqrt(2 / (36 * 20)), rtol=0.05)
    assert not np.array_equal(kernels[1], kernels[2][..., :10, :10])


def test_network_on_c4_is_invariant_and_a_plain_one_is_not(rng):
    images = rng.normal(size=(4, 28, 28, 1)).astype("float32")
    turned = np.rot90(images, axes=(1, 2))
    gcnn = image_network("gcnn", "c4", seed=0)
    np.testing.assert_allclose(gcnn(turned), gcnn(images), rtol=1e-4)
    cnn = image_network("cnn", "c4", seed=0)
    assert np.abs(cnn(turned) - cnn(images)).max() > 1e-3


def _all_outputs(model, images):
    outputs = [layer.output for layer in model.layers]
    return keras.Model(model.inputs, outputs).predict_on_batch(images)


def test_symmetry_and_anchors_reach_the_clones(students):
    model = image_network("cloned", "c4", students=students)
    assert {layer.symmetry for layer in convolution_layers(model)} == {"frozen"}
    assert len(model.trainable_weights) == 4 * 2 + 2 * 2
    copies = [type(s).from_config(s.get_config()) for s in students]
    model = image_network(
        "cloned",
        "c4",
        students=copies,
        symmetry="anchored",
        anchor="l2-sp",
        anchor_strength=7,
    )
    found = {
        (c.symmetry, c.anchor, c.anchor_strength) for c in convolution_layers(model)
    }
    assert found == {("anchored", "l2-sp", 7.0)}


def test_each_convolution_may_be_treated_for_itself(students):
    copies = [type(s).from_config(s.get_config()) for s in students]
    model = image_network(
        "cloned",
        students=copies,
        symmetry="frozen,trainable,anchored,anchored",
        anchor="decoupled-l2-sp",
        trainable_part="all,blocks,all,encoder",
    )
    found = [
        (c.symmetry, c.trainable_part, len(c.anchors))
        for c in convolution_layers(model)
    ]
    assert found == [
        ("frozen", "all", 0),
        ("trainable", "blocks", 0),
        ("anchored", "all", 2),
        ("anchored", "encoder", 1),
    ]
    with pytest.raises(ValueError, match=r"or 4 separated by commas.*all,all"):
        image_network("cloned", students=copies, trainable_part="all,all")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"group": "t2"}, "needs students of t2-28x28-k3;.*Received.*c4-lifting-28x28"),
        ({"canvas": 30}, "needs students of c4-lifting-30x30"),
    ],
)
def test_students_of_another_network_are_refused(students, options, message):
    copies = [twin_of(student) for student in students]
    with pytest.raises(ValueError, match=message):
        image_network("cloned", **{"group": "c4", **options}, students=copies)
    # And are as free as before.
    image_network("cloned", students=copies, symmetry="trainable")


def test_too_few_students_are_refused(students):
    with pytest.raises(ValueError, match=r"10x10-k3\. Received: .*12x12-k3$"):
        image_network("cloned", students=students[:3])


def test_probabilities_are_float32_under_mixed_precision():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        answers = image_network("cnn")(np.ones((1, 28, 28, 1), "float32"))
    finally:
        keras.config.set_dtype_policy(before)
    assert answers.dtype == "float32"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("vgg",), "must be one of mlp, cnn, gcnn, cloned.*architecture=vgg"),
        (("cnn", "c65"), "group=c65"),
        (("cnn", "c4", 0), "classes=0"),
        (("cnn", "c4", 10, -1), "canvas=-1"),
        (("cloned",), "needs one for each convolution.*students=None"),
        (("cnn", "c4", 10, 28, []), "for `architecture` cloned"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        image_network(*arguments)


@pytest.mark.parametrize("canvas", [28, 27])
def test_pooling_takes_the_maximum_over_space_alone(rng, canvas):
    model = image_network("gcnn", "c4", canvas=canvas, seed=0)
    images = rng.normal(size=(2, canvas, canvas, 1)).astype("float32")
    before = _until(model, "conv_2", images)[-1]
    after = _until(model, "conv_3", images)[-2]
    # Of 23 pixels, windows of three reach all where those of two leave one out.
    size = 2 + canvas % 2
    expected = layers.MaxPooling3D((size, size, 1), (2, 2, 1))(before)
    np.testing.assert_array_equal(after, expected)


def invariance_error(model, group, images):
    """The largest relative change of the features, under every element."""
    before = features_of(model, images)
    changes = [
        features_of(model, np.stack([action(image) for image in images]).copy())
        - before
        for action in ACTIONS[group]
    ]
    return np.abs(changes).max() / np.abs(before).max()


LEAST = 16  # the smallest canvas whose last pooling has two pixels
SIZES = [*range(LEAST, 101), 128, 150, 224]


@pytest.mark.parametrize("group", ["c2", "c4", "d4"])
@pytest.mark.parametrize(
    "canvas", [16, 21, 22, 23, 25, 28, 30, *map(later, [50, 65, 66, 98])]
)
def test_features_do_not_change_under_the_group_at_any_size(rng, group, canvas):
    images = rng.uniform(size=(2, canvas, canvas, 1)).astype("float32")
    model = image_network("gcnn", group, canvas=canvas, seed=0)
    assert invariance_error(model, group, images) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("group", ["c2", "c4", "d4"])
def test_features_do_not_change_at_all_sizes_that_a_network_takes(rng, group):
    for canvas in SIZES:
        images = rng.uniform(size=(1, canvas, canvas, 1)).astype("float32")
        model = image_network("gcnn", group, canvas=canvas, seed=0)
        assert invariance_error(model, group, images) < 1e-5, canvas


@pytest.mark.slow
@pytest.mark.parametrize(
    ("group", "canvas"),
    [("c4", 17), later("c2", 21), later("d4", 22), later("c4", 66), later("d4", 71)],
)
def test_networks_of_clones_do_not_change_under_the_group(rng, group, canvas):
    students = [
        sc.clone(wanted.teacher, student=wanted, solver="closed-form", verbose=0)[0]
        for wanted in network_students(group, canvas, student="local", seed=0)
    ]
    images = rng.uniform(size=(2, canvas, canvas, 1)).astype("float32")
    model = image_network("cloned", group, canvas=canvas, students=students, seed=0)
    assert invariance_error(model, group, images) < 1e-4
    fused = sc.fuse_network(model).model
    np.testing.assert_allclose(fused(images), model(images), atol=1e-4)


def test_plain_poolings_are_those_of_keras():
    kinds = {type(each) for each in image_network("gcnn", "c4", canvas=27).layers}
    assert layers.MaxPooling2D in kinds
    (first, _) = [
        each
        for each in image_network("cnn", "c4", canvas=27).layers
        if isinstance(each, layers.MaxPooling2D)
    ]
    assert first.pool_size == (2, 2)


def _until(model, name, images):
    names = [layer.name for layer in model.layers]
    return _all_outputs(model, images)[: names.index(name) + 1]


@pytest.mark.parametrize("architecture", ["mlp", "cnn", "gcnn"])
def test_networks_are_the_same_whatever_keras_is_configured_for(rng, architecture):
    images = rng.normal(size=(2, 28, 28, 1)).astype("float32")
    expected = image_network(architecture, seed=0)(images)
    keras.config.set_image_data_format("channels_first")
    try:
        network = image_network(architecture, seed=0)
    finally:
        keras.config.set_image_data_format("channels_last")
    np.testing.assert_array_equal(network(images), expected)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["float64", "mixed_bfloat16"])
def test_networks_and_clones_work_under_other_policies(rng, students, policy):
    images = rng.normal(size=(2, 28, 28, 1)).astype("float32")
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        # Under each policy, initializers draw other kernels.
        expected = image_network("gcnn", seed=0)(images)
        copies = [twin_of(student) for student in students]
        network = image_network("cloned", students=copies, seed=0)
        clone, report = sc.clone("t2", image_size=6, verbose=0)
    finally:
        keras.config.set_dtype_policy(before)
    tolerance = 0.05 if "bfloat16" in policy else 1e-3
    answers, expected = (
        np.asarray(keras.ops.cast(a, "float32")) for a in (network(images), expected)
    )
    np.testing.assert_allclose(answers, expected, atol=tolerance)
    assert report.nmse < 1e-10
    assert clone.compute_dtype == "float32"


def twin_of(student):
    """The same student, not frozen by another network."""
    twin = type(student).from_config(student.get_config())
    twin.build()
    twin.set_weights(student.get_weights())
    return twin


def test_frozen_clones_equal_group_convolutions_in_every_layer_of_the_network(
    rng, students
):
    """Every layer's output, with kernels and biases that are the same."""
    gcnn = image_network("gcnn", "c4", seed=0)
    cloned = image_network("cloned", "c4", students=students, seed=0)
    for mine, theirs in zip(convolution_layers(cloned), convolution_layers(gcnn)):
        bias = rng.normal(size=mine.bias.shape)
        np.testing.assert_array_equal(mine.kernel, theirs.kernel)
        mine.bias.assign(bias)
        theirs.bias.assign(bias)
    images = rng.normal(size=(4, 28, 28, 1)).astype("float32")
    pairs = zip(_all_outputs(cloned, images), _all_outputs(gcnn, images), strict=True)
    for mine, theirs in pairs:
        error = np.linalg.norm(mine - theirs) / np.linalg.norm(theirs)
        assert error < 1e-3

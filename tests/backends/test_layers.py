"""Every kind of layer is trained by `fit`, as its backend compiles it."""

import copy

import keras
import numpy as np
import pytest

import symclone_tf as sc

from cases import later
from clones import solved
from networks_in_files import branches, fit

ANCHORS = sorted(sc.layers.ANCHORS)
PARTS = sc.layers.TRAINABLE_PARTS
KINDS = ("dense", "local", "regional")
SHAPE = (6, 6, 1)


@pytest.fixture(scope="module")
def students():
    """A Dense, a local and a regional student of C4."""
    return {kind: solved(image_size=6, student=kind) for kind in KINDS}


def fitted(layers, shape=SHAPE, epochs=4):
    """Fits a network that branches into layers, and returns the losses of each."""
    return fit(
        branches({name: (layer, shape) for name, layer in layers.items()}), epochs
    )


def clone(students, kind, *treatment, **options):
    """A layer of a student of its own. All have the same kernel."""
    initializer = keras.initializers.GlorotUniform(seed=0)
    student = copy.deepcopy(students[kind])
    return sc.ClonedConv2D(
        2, student, *treatment, kernel_initializer=initializer, **options
    )


def check_falling(losses):
    assert losses
    for name, loss in losses.items():
        assert loss[-1] < loss[0], name


def test_frozen_clones_keep_their_students_and_compute_as_convolutions(students):
    layers = {kind: clone(students, kind, activation="relu") for kind in KINDS}
    check_falling(fitted(layers))
    for kind, layer in layers.items():
        assert layer.computes_as() == "convolution"
        for old, new in zip(students[kind].weights, layer.student.weights, strict=True):
            np.testing.assert_array_equal(array(old), array(new))


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def distances(students, kind, layer):
    """The squared changes of a student's weights."""
    pairs = zip(students[kind].weights, layer.student.weights, strict=True)
    return [float(np.sum((array(a) - array(b)) ** 2)) for a, b in pairs]


def test_trainable_clones_change_what_they_say(students):
    cases = [("local", part) for part in PARTS]
    cases += [("dense", "blocks"), ("regional", "all")]
    layers = {
        "-".join(case): clone(students, case[0], "trainable", trainable_part=case[1])
        for case in cases
    }
    check_falling(fitted(layers))
    for (kind, part), layer in zip(cases, layers.values()):
        student = layer.student
        changed = [change > 0 for change in distances(students, kind, layer)]
        wanted = [
            part == "all" or (variable is student.encoder.kernel) == (part == "encoder")
            for variable in student.weights
        ]
        assert changed == wanted, (kind, part)


@pytest.mark.parametrize("part", ["all", later("encoder"), later("blocks")])
def test_anchored_clones_stay_nearer_to_what_was_cloned(students, part):
    """Than one without an anchor, which the same images have trained."""
    strengths = {"l2-sp": 1e4, "kl": 1e4}
    options = {"trainable_part": part, "seed": 0}
    layers = {"trainable": clone(students, "local", "trainable", **options)}
    for anchor in ANCHORS:
        strength = strengths.get(anchor)
        options |= {"anchor": anchor, "anchor_strength": strength}
        layers[anchor] = clone(students, "local", "anchored", **options)
    fitted(layers)
    moved = {
        name: sum(distances(students, "local", layer)) for name, layer in layers.items()
    }
    free = moved.pop("trainable")
    assert all(distance > 0 for distance in moved.values()), moved
    assert moved.pop("transformed-inputs") != free
    assert max(moved.values()) < free, moved


def test_a_decoupled_anchor_ends_each_step_where_its_formula_says(students, rng):
    """With no gradients, weights decay to w₀ by 1 − η·λ in each step."""
    options = {"anchor": "decoupled-l2-sp", "anchor_strength": 5.0}
    layer = clone(students, "local", "anchored", **options)
    pooling = sc.layers.GroupPooling("anchored", **options)
    model = keras.Sequential([keras.Input(SHAPE), layer, pooling])
    trained = [*layer.student.weights, pooling.shares]
    before = [array(weight) for weight in trained]
    for weight, anchor in zip(trained, before, strict=True):
        weight.assign(anchor + 1.0)
    model.compile(keras.optimizers.SGD(0.1), lambda y, x: 0.0 * x)
    images = rng.normal(size=(4, *SHAPE)).astype("float32")
    for moved in (0.0, 1.0):
        for weight, anchor in zip(trained, before, strict=True):
            weight.constraint.anchor.assign(anchor + moved)
        model.fit(images, np.zeros((4, 4, 4, 2)), batch_size=2, verbose=0)
        # Two steps, from one above, then from there.
        wanted = {0.0: 0.25, 1.0: 1 + 0.25 * (0.25 - 1)}[moved]
        for weight, anchor in zip(trained, before, strict=True):
            found = array(weight) - anchor
            np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_untied_group_convolutions_are_trained_with_each_anchor():
    layers = {
        anchor: sc.layers.UntiedGroupConv2D(
            2, 3, "c4", symmetry="anchored", anchor=anchor, seed=0
        )
        for anchor in ANCHORS
    }
    check_falling(fitted(layers))
    for anchor, layer in layers.items():
        assert layer.broken_share() > 1e-4, anchor


def test_the_anchor_of_attention_is_followed_too(rng):
    student = solved("t2", image_size=4, padding="same", student="relative-attention")
    layer = sc.layers.ClonedAttention(
        student, key_dim=2, symmetry="anchored", anchor_strength=5.0
    )
    model = keras.Sequential([keras.Input((16, 3)), layer])
    before = [array(weight) for weight in student.weights]
    for weight, anchor in zip(student.weights, before, strict=True):
        weight.assign(anchor + 1.0)
    model.compile(keras.optimizers.SGD(0.1), lambda y, x: 0.0 * x)
    x = rng.normal(size=(4, 16, 3)).astype("float32")
    for moved, wanted in ((0.0, 0.25), (1.0, 1 + 0.25 * (0.25 - 1))):
        for weight, anchor in zip(student.weights, before, strict=True):
            weight.constraint.anchor.assign(anchor + moved)
        model.fit(x, np.zeros((4, 16, 3)), batch_size=2, verbose=0)
        for weight, anchor in zip(student.weights, before, strict=True):
            np.testing.assert_allclose(array(weight) - anchor, wanted, atol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(students, policy):
    keras.config.set_dtype_policy(policy)
    treatments = ("frozen", "trainable", "anchored")
    layers = {each: clone(students, "local", each) for each in treatments}
    losses = fitted(layers, epochs=3)
    for name, layer in layers.items():
        assert layer.compute_dtype == policy.removeprefix("mixed_")
        assert np.isfinite(losses[name]).all(), name
        assert losses[name][-1] != losses[name][0]


def test_channels_in_groups_and_separable_convolutions():
    student = solved("t2", student="local")
    layers = {"groups": sc.ClonedConv2D(2, student, "trainable", groups=2)}
    for symmetry in ("frozen", "trainable"):
        separable = keras.layers.SeparableConv2D(2, 3, name=f"{symmetry}-separable")
        separable.build((None, 6, 6, 2))
        layers[symmetry] = sc.layers.ClonedSeparableConv2D.from_conv(
            separable, copy.deepcopy(student), symmetry=symmetry
        )
    check_falling(fitted(layers, (6, 6, 2)))


class Subclassed(keras.Model):
    def __init__(self, layer):
        super().__init__()
        self.layer, self.dense = layer, keras.layers.Dense(3)

    def call(self, inputs):
        return self.dense(keras.ops.mean(self.layer(inputs), axis=(1, 2, 3)))


def deferred(layer):
    pooling = keras.layers.Lambda(lambda x: keras.ops.mean(x, axis=(1, 2, 3)))
    return keras.Sequential([layer, pooling, keras.layers.Dense(3)])


@pytest.mark.parametrize("anchor", ["l2-sp", "proximal"])
@pytest.mark.parametrize("make", [Subclassed, deferred])
def test_models_are_built_at_their_first_call(students, make, anchor, rng):
    layer = clone(students, "local", "anchored", anchor=anchor)
    model = make(layer)
    assert not model.built
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss)
    images = rng.normal(size=(12, *SHAPE)).astype("float32")
    options = {"batch_size": 4, "epochs": 4, "verbose": 0}
    losses = model.fit(images, np.arange(12) % 3, **options).history["loss"]
    assert losses[-1] < losses[0]
    assert sum(distances(students, "local", layer)) > 0
    for weight, anchor in zip(students["local"].weights, layer.anchors, strict=True):
        np.testing.assert_array_equal(array(anchor), array(weight))


def test_teachers_as_layers_and_poolings_are_trained():
    layers = {
        "c4": (sc.GroupConv2D(2, 3, group="c4"), (6, 6, 1)),
        "c8": (sc.GroupConv2D(2, 3, group="c8"), (7, 7, 1)),
        "o": (sc.layers.GroupConv3D(1, 3, group="o"), (4, 4, 4, 1)),
        "orbits": (sc.layers.OrbitDense(2, sc.symmetry.cyclic(6)), (6, 1)),
        "centred": (sc.layers.CentredMaxPooling2D(2), (7, 7, 2)),
        "antialiased": (sc.layers.AntialiasedMaxPooling2D(2), (7, 7, 2)),
    }
    check_falling(fit(branches(layers), epochs=6))

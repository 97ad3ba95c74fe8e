"""In training, layers transform a share of their inputs, and the outputs back."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc
from symclone_tf.layers.random_transformations import RandomTransformations

from cases import later
from clones import draw, solved

BOTH_KINDS = pytest.mark.parametrize("student", ["dense", "local"])


def random_transformations(teacher, share=1.0):
    return RandomTransformations(teacher, share, keras.random.SeedGenerator(0))


@pytest.mark.parametrize("lifting", [True, False])
@pytest.mark.parametrize("group", ["c2", "c4", "d4"])
@pytest.mark.parametrize("size", [6, 7])
def test_elements_act_as_the_group_does(rng, group, lifting, size):
    teacher = sc.ConvTeacher(group, size, lifting=lifting)
    transformations, order = random_transformations(teacher), teacher.group.order
    inputs = rng.normal(size=(order, *teacher.input_shape, 2)).astype("float32")
    outputs = rng.normal(size=(order, *teacher.output_shape, 3)).astype("float32")
    elements = np.arange(order)
    there, back = (
        transformations.transform_inputs(inputs, elements),
        transformations.invert_outputs(outputs, elements),
    )
    for element in elements:
        one = slice(element, element + 1)
        expected = teacher.group.transform(inputs[one], element)
        np.testing.assert_array_equal(there[one], expected)
        restored = teacher.group.transform(np.array(back[one]), element)
        np.testing.assert_array_equal(restored, outputs[one])


@pytest.mark.parametrize(
    ("group", "lifting"), [("c8", True), ("c8", False), later("d3", False)]
)
def test_elements_that_interpolate_act_as_the_group_does(rng, group, lifting):
    teacher = sc.ConvTeacher(group, 9, lifting=lifting)
    transformations, order = random_transformations(teacher), teacher.group.order
    inputs = rng.normal(size=(order, *teacher.input_shape, 2)).astype("float32")
    outputs = rng.normal(size=(order, *teacher.output_shape, 3)).astype("float32")
    elements = np.arange(order)
    there = transformations.transform_inputs(inputs, elements)
    back = transformations.invert_outputs(outputs, elements)
    for element in elements:
        one, inverse = slice(element, element + 1), int(teacher.group.inverse[element])
        expected = teacher.group.transform(inputs[one], element)
        np.testing.assert_allclose(there[one], expected, atol=1e-5)
        expected = teacher.group.transform(outputs[one], inverse)
        np.testing.assert_allclose(back[one], expected, atol=1e-5)


@pytest.mark.slow
def test_gradients_of_interpolation_are_its_adjoint(rng):
    """⟨Ax, y⟩ = ⟨x, A*y⟩, in a compiled step."""
    teacher = sc.ConvTeacher("c8", 9)
    transformations, elements = random_transformations(teacher), np.arange(8)
    first, second = (
        tf.constant(rng.normal(size=(8, *teacher.input_shape, 2)).astype("float32"))
        for _ in range(2)
    )

    @tf.function(jit_compile=True)
    def adjoint(values, upstream):
        with tf.GradientTape() as tape:
            tape.watch(values)
            found = transformations.transform_inputs(values, elements)
        return found, tape.gradient(found, values, upstream)

    found, gradient = adjoint(first, second)
    other = transformations.transform_inputs(second, elements)
    expected = tf.reduce_sum(found * second, axis=(1, 2, 3))
    np.testing.assert_allclose(
        tf.reduce_sum(first * gradient, axis=(1, 2, 3)), expected, rtol=1e-4, atol=1e-4
    )
    assert np.abs(gradient - other).max() > 0.1  # which is not the map itself


def test_translations_away_from_edges_are_inverted(rng):
    teacher = sc.ConvTeacher("t2", 12)
    transformations = random_transformations(teacher)
    image = np.zeros((25, 12, 12, 1), "float32")
    image[:, 5:7, 5:7] = rng.normal(size=(2, 2, 1))
    kernel = rng.normal(size=(3, 3, 1, 2)).astype("float32")
    translated = transformations.transform_inputs(image, np.arange(25))
    outputs = teacher(translated, kernel)
    back = transformations.invert_outputs(outputs, np.arange(25))
    np.testing.assert_allclose(back, teacher(image, kernel), atol=1e-5)
    assert np.ptp(outputs, axis=0).max() > 0.1


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_each_element_is_drawn_alike_for_a_share_of_the_inputs(share):
    transformations = random_transformations(sc.ConvTeacher("c4", 6), share)
    counts = np.bincount(transformations.draw(20_000), minlength=4) / 20_000
    expected = [1 - 0.75 * share, *[0.25 * share] * 3]
    np.testing.assert_allclose(counts, expected, atol=0.015)


def regularised(student, share=1.0, **options):
    return sc.ClonedConv2D(
        3,
        student,
        "anchored",
        anchor="transformed-inputs",
        anchor_strength=share,
        seed=0,
        **options,
    )


@BOTH_KINDS
@pytest.mark.parametrize("lifting", [True, False])
def test_an_equivariant_layer_trains_as_if_nothing_were_transformed(
    rng, student, lifting
):
    student = solved("c4", lifting, 6, student=student)
    layer, inputs = regularised(student), draw(rng, student)
    expected = layer(inputs, training=False)
    np.testing.assert_allclose(layer(inputs, training=True), expected, atol=1e-4)


@pytest.mark.slow
@BOTH_KINDS
@pytest.mark.parametrize("trainable_part", ["all", "encoder"])
def test_another_layer_computes_its_group_average_in_expectation(
    rng, student, trainable_part
):
    """The mean of many draws is that of the Reynolds operator, which is equivariant."""
    student = solved("c4", True, 6, student=student)
    layer = regularised(student, trainable_part=trainable_part)
    inputs = draw(rng, student, batch=1)
    cloned = np.array(layer(inputs, training=False))
    encoder = student.encoder.kernel
    encoder.assign(encoder + 0.3 * rng.normal(size=encoder.shape))
    broken = np.array(layer(inputs, training=False))
    group = student.teacher.group
    mean = np.mean(
        [
            group.transform(
                np.array(layer(group.transform(inputs, g))), int(group.inverse[g])
            )
            for g in range(4)
        ],
        axis=0,
    )
    many = np.array(layer(np.repeat(inputs, 4096, axis=0), training=True))
    scale = np.abs(broken - cloned).max()
    assert scale > 0.1
    np.testing.assert_allclose(many.mean(axis=0)[None], mean, atol=0.05 * scale)
    assert np.ptp(many, axis=0).max() > 0.1 * scale


def test_gradients_of_an_equivariant_layer_are_the_same_too(rng):
    student = solved("c4", True, 6, student="local")
    layer, inputs = regularised(student), tf.constant(draw(rng, student))
    target = rng.normal(size=layer(inputs).shape).astype("float32")

    def gradients(training):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_sum(layer(inputs, training=training) * target)
        return tape.gradient(loss, [inputs, layer.kernel.value, layer.bias.value])

    drawn = random_transformations(student.teacher).draw(len(inputs))
    assert len(set(np.array(drawn).tolist())) > 1
    pairs = zip(gradients(training=True), gradients(training=False))
    for found, expected in pairs:
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def labelled_rotations(rng, count=256):
    """Rotated images of a bar, labelled with the rotation."""
    rotations = rng.integers(4, size=count)
    images = np.zeros((count, 6, 6, 1), "float32")
    images[:, 2:4, 3:] = 1
    images += 0.1 * rng.normal(size=images.shape).astype("float32")
    images = np.stack([np.rot90(image, k) for image, k in zip(images, rotations)])
    return images, rotations


@pytest.mark.slow
@pytest.mark.parametrize(
    ("share", "most", "least"), [(1.0, 0.6, 0.0), later(0.3, 1.0, 0.9)]
)
def test_what_breaks_the_symmetry_is_learned_unless_the_share_is_all(
    rng, share, most, least
):
    keras.utils.set_random_seed(0)
    images, rotations = labelled_rotations(rng)
    layer = regularised(
        solved("c4", True, 6, student="local"), share, activation="relu"
    )
    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layer,
            keras.layers.GlobalAveragePooling3D("channels_last"),
            keras.layers.Dense(16, "relu"),
            keras.layers.Dense(4, "softmax"),
        ]
    )
    model.compile(
        keras.optimizers.AdamW(1e-2),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(images, rotations, epochs=40, batch_size=64, verbose=0)
    accuracy = model.evaluate(images, rotations, verbose=0)[1]
    assert least <= accuracy <= most
    assert layer.deviation().norm > 0


@pytest.mark.slow
def test_a_seed_gives_the_same_training_again(rng):
    images, _ = labelled_rotations(rng, 64)

    def trained():
        keras.utils.set_random_seed(1)
        layer = regularised(solved("c4", True, 6, student="local"), 0.5)
        model = keras.Sequential([keras.Input((6, 6, 1)), layer])
        model.compile("adam", "mse", jit_compile=True)
        model.fit(images, np.zeros((64, 4, 4, 4, 3)), epochs=2, verbose=0)
        return layer.student.encoder.kernel.numpy().copy()

    np.testing.assert_array_equal(trained(), trained())


@pytest.mark.slow
def test_a_reloaded_layer_transforms_inputs_too(rng, tmp_path):
    student = solved("c4", True, 6, student="local")
    model = keras.Sequential([keras.Input((6, 6, 1)), regularised(student, 0.5)])
    model.save(tmp_path / "model.keras")
    reloaded = keras.saving.load_model(tmp_path / "model.keras")
    (layer,) = reloaded.layers
    assert (layer.anchor, layer.anchor_strength, layer.seed) == (
        "transformed-inputs",
        0.5,
        0,
    )
    encoder = layer.student.encoder.kernel
    encoder.assign(encoder + rng.normal(size=encoder.shape))
    inputs = draw(rng, student, channels=1)
    difference = layer(inputs, training=True) - layer(inputs, training=False)
    assert np.abs(difference).max() > 0.1


def test_strengths_other_than_a_share_are_refused():
    student = solved("c4", image_size=6)
    with pytest.raises(ValueError, match="a share of the inputs, greater than 0"):
        regularised(student, 1.5)
    with pytest.raises(ValueError, match="anchor_strength"):
        regularised(student, 0)


def test_a_teacher_without_symmetry_is_refused():
    student = solved("t2", image_size=3)  # whose output is one position
    with pytest.raises(ValueError, match=r"this one has none\. Received: t2-3x3-k3"):
        regularised(student)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("group", "lifting"), [("c4", True), ("c8", True), ("c8", False)]
)
def test_inputs_of_other_sizes_are_transformed_as_by_their_own_teacher(
    rng, group, lifting
):
    random = random_transformations(sc.ConvTeacher(group, 6, lifting=lifting))
    own = random_transformations(sc.ConvTeacher(group, 9, lifting=lifting))
    inputs = rng.normal(size=(4, *own.teacher.input_shape, 2)).astype("float32")
    elements = np.arange(4)
    expected = own.transform_inputs(inputs, elements)
    at_size = random.at((9, 9))
    np.testing.assert_array_equal(at_size.transform_inputs(inputs, elements), expected)
    assert random.at((9, 9)) is at_size
    assert random.at((6, 6)) is random

    unknown = tf.TensorSpec((None, None, None, *inputs.shape[3:]))

    @tf.function(input_signature=[unknown])
    def of_unknown_size(images):
        found = random.at(tuple(tf.unstack(tf.shape(images)[1:3])))
        drawn = found.draw(tf.shape(images)[0])
        return found.transform_inputs(images, elements), drawn

    transformed, drawn = of_unknown_size(inputs)
    np.testing.assert_allclose(transformed, expected, rtol=1e-5, atol=1e-6)
    assert set(np.array(drawn).tolist()) <= set(range(random.teacher.group.order))


@pytest.mark.parametrize("size", [(11, 11), (14, 9)])
def test_a_regional_layer_trains_at_other_sizes_as_if_nothing_were_transformed(
    rng, size
):
    teacher = sc.ConvTeacher("t2", image_size=8)
    student = sc.students.RegionalStudent(teacher, regions=2, seed=0)
    sc.cloning.solve(student)
    layer = regularised(student)
    # Away from the edges, which translations fill with their own values.
    inputs = np.zeros((16, *size, 2), "float32")
    inputs[:, 4:6, 4:5] = rng.normal(size=(16, 2, 1, 2))
    expected = np.array(layer(inputs, training=False))
    found = np.array(layer(inputs, training=True))
    np.testing.assert_allclose(found[:, 2:-2, 2:-2], expected[:, 2:-2, 2:-2], atol=1e-4)


def test_inputs_with_one_output_stay_as_they_are(rng):
    """Which no translation maps to another; others of the layer's inputs have more."""
    student = sc.students.RegionalStudent(sc.ConvTeacher("t2", image_size=8), seed=0)
    layer = regularised(student)
    unknown = tf.function(
        lambda images: layer(images, training=True),
        input_signature=[tf.TensorSpec((None, None, None, 2))],
        autograph=False,
    )
    inputs = rng.normal(size=(16, 3, 3, 2)).astype("float32")
    expected = layer(inputs, training=False)
    for compute in (unknown, lambda images: layer(images, training=True)):
        np.testing.assert_allclose(compute(inputs), expected, atol=1e-5)


@pytest.mark.parametrize("size", [8, None])
def test_only_layers_of_images_of_any_size_are_kept_from_xla(size):
    student = sc.students.RegionalStudent(sc.ConvTeacher("t2", image_size=8))
    layer = regularised(student)
    layer.build((None, size, size, 2))
    assert layer.supports_jit == (size is not None)

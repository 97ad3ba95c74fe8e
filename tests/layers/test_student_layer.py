"""Training changes a student's trainable part, and deviations say how far."""

import copy

import keras
import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc

from cases import later
from clones import draw, solved

TRAINABLE_PARTS = {
    "all": (True, True),
    "encoder": (False, True),
    "blocks": (True, False),
}
EVERY_PART = pytest.mark.parametrize("trainable_part", TRAINABLE_PARTS)
BOTH_KINDS = pytest.mark.parametrize("student", ["local", later("dense")])


def trained(rng, symmetry, student, **options):
    """A model of one layer before and after some steps of training."""
    student = solved("c4", image_size=6, student=student)
    layer = sc.ClonedConv2D(3, student, symmetry, **options)
    inputs = draw(rng, student)
    model = keras.Sequential([keras.Input(inputs.shape[1:]), layer])
    before = [w.numpy().copy() for w in student.weights]
    model.compile(keras.optimizers.Adam(1e-2), "mse")
    model.fit(inputs, np.ones((4, 4, 4, 4, 3)), epochs=3, verbose=0)
    return model, layer, before


@BOTH_KINDS
@EVERY_PART
@pytest.mark.parametrize("symmetry", [later("trainable"), "anchored"])
def test_training_changes_the_trainable_part_and_nothing_else(
    rng, trainable_part, symmetry, student
):
    _, layer, before = trained(rng, symmetry, student, trainable_part=trainable_part)
    student = layer.student
    blocks, encoder = TRAINABLE_PARTS[trainable_part]
    for weight, values in zip(student.weights, before, strict=True):
        changes = encoder if weight.path == student.encoder.kernel.path else blocks
        assert (not np.array_equal(weight, values)) == changes
    assert len(student.trainable_weights) == blocks + encoder
    expected = blocks + encoder if symmetry == "anchored" else 0
    assert len(layer.anchors) == expected


@pytest.mark.slow
@EVERY_PART
def test_frozen_parts_remain_frozen_after_unfreezing_and_reloading(
    rng, tmp_path, trainable_part
):
    model, layer, _ = trained(
        rng,
        "anchored",
        "local",
        trainable_part=trainable_part,
        anchor="decoupled-l2-sp",
    )
    model.trainable = False
    assert layer.student.trainable_weights == []
    model.trainable = True
    count = sum(TRAINABLE_PARTS[trainable_part])
    assert len(layer.student.trainable_weights) == count
    model.save(tmp_path / "model.keras")
    (reloaded,) = keras.saving.load_model(tmp_path / "model.keras").layers
    assert reloaded.trainable_part == trainable_part
    assert len(reloaded.student.trainable_weights) == count
    inputs = draw(rng, layer.student)
    np.testing.assert_allclose(reloaded(inputs), layer(inputs), atol=1e-6)


@pytest.mark.slow
@BOTH_KINDS
def test_layers_whose_encoder_alone_is_trained_compute_as_convolutions(rng, student):
    _, layer, _ = trained(rng, "anchored", student, trainable_part="encoder")
    assert layer.computes_as() == "convolution"
    inputs = draw(rng, layer.student)
    by_blocks = sc.ClonedConv2D.from_kernel(
        layer.kernel, copy.deepcopy(layer.student), layer.bias, compute="blocks"
    )
    np.testing.assert_allclose(layer(inputs), by_blocks(inputs), atol=1e-4)
    # The encoder breaks the rotations, which frozen blocks cannot restore.
    assert sc.equivariance_error(layer, "c4", inputs) > 1e-3
    gradients = [gradient_of_encoder(each, inputs) for each in (layer, by_blocks)]
    size = np.abs(gradients[1]).max()
    np.testing.assert_allclose(*gradients, atol=1e-4 * size)


def gradient_of_encoder(layer, inputs):
    kernel = layer.student.encoder.kernel
    with tf.GradientTape() as tape:
        tape.watch(kernel.value)
        loss = tf.reduce_sum(tf.square(layer(inputs)))
    return tape.gradient(loss, kernel.value)


@pytest.mark.slow
@BOTH_KINDS
@pytest.mark.parametrize(
    "anchor", ["kl", later("l2-sp"), "decoupled-l2-sp", later("proximal")]
)
@pytest.mark.parametrize("trainable_part", ["encoder", later("all")])
def test_every_anchor_regularises_what_is_trained(rng, anchor, trainable_part, student):
    """With a strong anchor, the student deviates less than with none."""
    strength = {"kl": 1e5, "l2-sp": 10.0, "decoupled-l2-sp": 90.0, "proximal": 0.9}[
        anchor
    ]
    _, free, before = trained(rng, "trainable", student, trainable_part=trainable_part)
    rng = np.random.default_rng(0)
    options = {
        "anchor": anchor,
        "anchor_strength": strength,
        "trainable_part": trainable_part,
    }
    _, anchored, _ = trained(rng, "anchored", student, **options)

    def distance(layer):
        pairs = zip(layer.student.weights, before)
        return sum(float(np.sum((w.numpy() - b) ** 2)) for w, b in pairs)

    assert distance(anchored) < 0.8 * distance(free)


@pytest.mark.slow
@BOTH_KINDS
def test_deviations_are_by_position_and_by_pair_of_elements(rng, student):
    student = solved("c4", False, 6, student=student)
    layer = sc.ClonedConv2D(2, student, "anchored", anchor="decoupled-l2-sp")
    layer.build((None, 6, 6, 4, 1))
    assert not layer.deviation().positions.any()
    assert not layer.deviation().elements.any()

    (blocks,), encoder = student.block_weights, student.encoder.kernel
    before = blocks.numpy().copy()
    changed = before.copy()
    if isinstance(student, sc.LocallyConnectedStudent):
        changed[5] *= 1.5
        norms = np.linalg.norm(before.reshape(16, -1), axis=1)
    else:
        changed = changed.reshape(-1, 16)
        norms = np.linalg.norm(changed, axis=0)
        changed[:, 5] *= 1.5
    blocks.assign(changed.reshape(before.shape))
    matrix = encoder.numpy().reshape(36, 9, 4, 4).copy()
    size = np.linalg.norm(matrix)
    matrix[:, :, 1, 3] += 0.5
    encoder.assign(matrix.reshape(encoder.shape))

    found = layer.deviation()
    assert np.flatnonzero(found.positions).tolist() == [5]
    whole = np.linalg.norm(before)
    assert found.positions[5] == pytest.approx(0.5 * norms[5] / whole, rel=1e-4)
    assert np.argwhere(found.elements > 1e-6).tolist() == [[1, 3]]
    expected = 0.5 * np.sqrt(36 * 9) / size
    assert found.elements[1, 3] == pytest.approx(expected, rel=1e-4)


def test_deviations_need_anchors():
    layer = sc.ClonedConv2D(2, solved(), "trainable", name="free")
    with pytest.raises(ValueError, match=r"Only layers with.*'free', trainable"):
        layer.deviation()


@pytest.mark.parametrize(
    ("anchor", "strength"),
    [("kl", 1000.0), ("l2-sp", 0.01), ("decoupled-l2-sp", 30.0), ("proximal", 0.5)],
)
def test_each_anchor_has_its_own_default_strength(anchor, strength):
    layer = sc.ClonedConv2D(2, solved(), "anchored", anchor=anchor)
    assert layer.anchor_strength == strength
    assert layer.get_config()["anchor_strength"] == strength


@pytest.mark.slow
def test_layers_of_one_student_have_the_same_trainable_part():
    student = solved()
    first = sc.ClonedConv2D(2, student, "trainable", trainable_part="encoder")
    with pytest.raises(ValueError, match=r"trainable encoder in another.*trainable$"):
        sc.ClonedConv2D(2, student, "trainable")
    assert first.treatment == ("trainable", "encoder")


def test_unknown_parts_are_refused():
    with pytest.raises(
        ValueError, match="`trainable_part` must be one of all, encoder, blocks"
    ):
        sc.ClonedConv2D(2, solved(), "trainable", trainable_part="bias")

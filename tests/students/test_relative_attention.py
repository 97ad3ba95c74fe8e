"""Students that attend to positions relative to that of the output."""

import itertools

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.students import RelativeAttentionStudent
from symclone_tf.symmetry import cyclic
from symclone_tf.teachers import ConvTeacher, TranslationConvTeacher

from cases import later
from clones import check_whole_life, draw, relative
from layer_checks import check_layer

TEACHERS = {
    "T(2)": ConvTeacher("t2", (6, 5)),
    "C4 group same": ConvTeacher("c4", 5, lifting=False, padding="same"),
    "strides": ConvTeacher("t2", 8, padding="same", strides=2),
    "dilation": ConvTeacher("flip", (5, 7), dilation_rate=2),
    "C8": ConvTeacher("c8", 6, kernel_size=5),
    "causal": TranslationConvTeacher(7, 3, padding="causal"),
    "volume": TranslationConvTeacher((4, 3, 5), 2),
}
EVERY = pytest.mark.parametrize("case", TEACHERS)
MOST = pytest.mark.parametrize(
    "case",
    ["C4 group same", "strides", *map(later, ("T(2)", "dilation", "C8", "volume"))],
)


def solved(*teacher, student="relative-attention", **options):
    options = {"solver": "closed-form", "verbose": 0, **options}
    return sc.clone(*teacher, student=student, **options)


def random_student(rng, teacher, sharpness=0.5, blocks=4):
    """A student with random weights, whose heads attend to many positions."""
    student = RelativeAttentionStudent(teacher, blocks, sharpness, seed=0)
    student.build()
    for weight in student.weights:
        weight.assign(weight + rng.normal(size=weight.shape))
    return student


def attention_of(student):
    """The attention of each head, one output at a time: the softmax of scores over all
    positions of the padded image, of which those within are left."""
    sizes, counts = student.sizes
    pads = [w.padding_of(n) for w, n in zip(student.windows, sizes)]
    spans = [range(-a, n + b) for (a, b), n in zip(pads, sizes)]
    keys = np.array(list(itertools.product(*spans)))
    inside = np.all((keys >= 0) & (keys < sizes), axis=1)
    targets = np.split(student.targets.numpy(), np.cumsum(counts)[:-1], axis=1)
    found = np.zeros((student.heads, student.teacher.positions_out, inside.sum()))
    for head, (p, index) in itertools.product(
        range(student.heads), enumerate(np.ndindex(counts))
    ):
        target = [along[head, i] for along, i in zip(targets, index)]
        weights = np.exp(-student.sharpness * np.sum((keys - target) ** 2, axis=1))
        found[head, p] = weights[inside] / weights.sum()
    return found


@EVERY
def test_blocks_equal_the_formula(rng, case):
    student = random_student(rng, TEACHERS[case])
    rows = rng.normal(size=(3, student.teacher.positions_in)).astype("float32")
    values = student.head_values.numpy()[0]
    expected = np.einsum("nq,hpq,hb->nbp", rows, attention_of(student), values)
    found = student.block_outputs(rows)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@MOST
def test_is_solved_as_exactly_as_a_locally_connected_student(case):
    student, report = solved(TEACHERS[case])
    _, local = solved(TEACHERS[case], student="local")
    assert report.nmse < max(1e-12, 2 * local.nmse)
    assert student.translation_equivariance().is_convolution


def test_is_solved_on_large_images():
    student, report = sc.clone(
        "c4",
        image_size=56,
        student="relative-attention",
        solver="closed-form",
        verbose=0,
    )
    assert report.nmse < 1e-12
    assert student.parameters == 9 * (54 + 54 + 9) + 9 * 9 * 4


@pytest.mark.parametrize("case", ["strides", later("causal")])
def test_computes_as_a_convolution_where_it_is_frozen(rng, case):
    teacher = TEACHERS[case]
    student, _ = solved(teacher)
    inputs, kernel = draw(rng, student), rng.normal(size=(*teacher.kernel_shape, 2, 3))
    kernel = kernel.astype("float32")
    assert relative(student.convolve(inputs, kernel), student(inputs, kernel)) < 1e-5
    layer = sc.layers.Cloned(3, student)
    assert layer.computes_as() == "convolution"


def test_fewer_blocks_have_the_least_error():
    """That of the k² − B directions that are left out."""
    _, report = solved("t2", image_size=6, blocks=6)
    assert report.nmse == pytest.approx(3 / 9, abs=1e-3)


def test_is_trained_to_the_same_error():
    student, report = sc.clone(
        "c4", image_size=6, student="relative-attention", verbose=0
    )
    assert report.nmse < 1e-11
    np.testing.assert_allclose(student.targets, student.first_targets(), atol=1e-4)


def test_little_sharpness_is_said_to_be_inexact():
    teacher = ConvTeacher("t2", 6)
    student = RelativeAttentionStudent(teacher, sharpness=2.0, seed=0)
    assert not student.is_exact
    student, report = sc.clone(
        teacher, student=student, solver="closed-form", verbose=0
    )
    assert 1e-3 < report.nmse < 0.5
    assert not student.translation_equivariance().is_convolution


def test_one_target_that_moves_breaks_the_symmetry(rng):
    student, _ = sc.clone(
        "t2",
        image_size=6,
        student="relative-attention",
        solver="closed-form",
        verbose=0,
    )
    targets = student.targets.numpy()
    targets[0, 1] += 0.5
    student.targets.assign(targets)
    student.weights_changed()
    found = student.translation_equivariance()
    weights, outside = student.receptive_field_weights()
    every = np.einsum(
        "hpq,hb->pqb", attention_of(student), student.head_values.numpy()[0]
    )
    norm = np.sum(np.square(weights)) + outside
    assert norm == pytest.approx(np.sum(np.square(every)), rel=1e-5)
    assert not found.is_convolution
    moved = np.zeros(targets.shape)
    moved[0, 1] = 1
    # The second row of outputs.
    shares = student.by_position(moved).reshape(4, 4)
    np.testing.assert_allclose(shares, [[0] * 4, [0.25] * 4, [0] * 4, [0] * 4])


def test_weights_are_counted():
    student = RelativeAttentionStudent(TEACHERS["C8"], sharpness=3)
    student.build()
    assert student.count_params() == student.parameters
    assert student.traits == ["s3"]
    assert student.block_operations == 25 * (6 * 6 * 2 + 6 * 2 * 2 + 17 * 4)


@pytest.mark.slow
@pytest.mark.parametrize("symmetry", ["frozen", "trainable"])
def test_layers_of_it_behave_as_keras_layers(rng, tmp_path, symmetry):
    student = random_student(rng, ConvTeacher("c4", 6), sharpness=5.0)
    check_layer(
        sc.ClonedConv2D,
        {"filters": 3, "student": student, "symmetry": symmetry},
        [draw(rng, student)],
        (4, 4, 4, 4, 3),
        weights=5,
        trainable={"frozen": 2, "trainable": 5}[symmetry],
        path=tmp_path / "model.keras",
    )


@pytest.mark.slow
def test_stacks_is_fused_exported_and_served(rng, tmp_path):
    student = random_student(rng, ConvTeacher("c4", 6))
    path = check_whole_life(student, rng, tmp_path)
    assert path.parts[-2] == "c4-lifting-6x6-k3-relative-attention-b4-s0.5"


def test_what_it_does_not_take_is_refused():
    with pytest.raises(ValueError, match="relative-attention is for convolutions"):
        RelativeAttentionStudent(sc.OrbitTeacher(cyclic(5)))
    with pytest.raises(ValueError, match="`sharpness` must be a positive, finite"):
        RelativeAttentionStudent(ConvTeacher("t2", 5), sharpness=0)

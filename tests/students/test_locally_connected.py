import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc
from symclone_tf.students import locally_connected as local_module
from symclone_tf.students.locally_connected import LocallyConnectedStudent
from symclone_tf.students.receptive_fields import receptive_fields_of
from symclone_tf.teachers import ConvTeacher

from cases import CASES, later
from clones import draw, relative
from layer_checks import check_layer
from toys import Web, WithoutReceptiveFields


def local(rng=None, *arguments, blocks=4, **options):
    """A locally connected student with random weights."""
    student = LocallyConnectedStudent(
        ConvTeacher(*arguments, **options), blocks, seed=0
    )
    student.build()
    for weight in student.weights if rng else ():
        weight.assign(rng.normal(size=weight.shape))
    return student


@CASES
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("most", [0, 10**6])
def test_equals_the_formula(rng, monkeypatch, group, lifting, padding, most):
    """`φ_b(x)[p] = Σ_v W[p,v,b] x[receptive_fields[p,v]]`, mixed as all blocks are."""
    monkeypatch.setattr(local_module, "MOST_DEFORMED", most)
    student = local(rng, group, 5, 3, lifting, padding)
    teacher = student.teacher
    inputs = draw(rng, student)
    kernel = rng.normal(size=(*teacher.kernel_shape, 2, 3)).astype("float32")
    g, h, entries = (
        teacher.representation_in,
        teacher.representation_out,
        teacher.kernel_entries,
    )
    fields = receptive_fields_of(teacher)
    padded = np.concatenate([inputs.reshape(4, 25, g, 2), np.zeros((4, 1, g, 2))], 1)
    features = np.einsum(
        "npvgc,pvb->npgcb", padded[:, fields], np.array(student.local_weights)
    )
    encoder = np.reshape(student.encoder.kernel, (entries, 4, g, h))
    alpha = np.einsum("eco,ebgh->bghco", kernel.reshape(entries, 2, 3), encoder)
    expected = np.einsum("npgcb,bghco->npho", features, alpha)
    found = np.reshape(student(inputs, kernel), expected.shape)
    assert relative(found, expected) < 1e-5


@CASES
def test_pairs_equal_single_calls(rng, group, lifting):
    student = local(rng, group, 6, lifting=lifting)
    inputs, shape = draw(rng, student, 1, 5), student.teacher.kernel_shape
    kernels = rng.normal(size=(*shape, 1, 5)).astype("float32")
    every = np.asarray(student(inputs, kernels))
    paired = student.call_pairs(inputs[..., 0], np.moveaxis(kernels[..., 0, :], -1, 0))
    expected = np.stack([every[i, ..., i] for i in range(5)])
    np.testing.assert_allclose(paired, expected, rtol=1e-4, atol=1e-4)


def test_block_outputs_are_its_features(rng):
    student = local(rng, "c4", 6)
    inputs = draw(rng, student, 1, 3)
    outputs = student.block_outputs(inputs.reshape(3, 36))
    assert outputs.shape == (3, 4, 16)
    last = student.features_last(inputs)
    np.testing.assert_allclose(np.swapaxes(outputs, 1, 2), last, atol=1e-5)


@CASES
@pytest.mark.parametrize(
    ("padding", "solver"),
    [
        ("valid", "sgd"),
        later("same", "sgd"),
        ("same", "closed-form"),
        later("valid", "closed-form"),
    ],
)
def test_is_cloned_exactly(group, lifting, solver, padding):
    options = {"lifting": lifting, "image_size": 9, "padding": padding}
    student, report = sc.clone(
        group, student="local", solver=solver, verbose=0, **options
    )
    # D4's feature maps have twice the sums of C4's to round.
    closed = 2e-13 if group == "d4" else 1e-13
    assert report.nmse < (1e-12 if solver == "sgd" else closed)
    assert report.equivariance_error < 1e-5
    assert sc.nmse(student, seed=99) < 1e-12


@pytest.mark.parametrize("seed", [0, *(later(n) for n in range(1, 5))])
@pytest.mark.parametrize("size", [3, 4, 28])
@pytest.mark.slow
def test_no_seed_and_no_size_stalls(seed, size):
    for lifting in (True, False):
        options = {"lifting": lifting, "image_size": size, "student": "local"}
        assert sc.clone("c4", seed=seed, verbose=0, **options)[1].nmse < 1e-12


@CASES
@pytest.mark.parametrize("solver", [later("sgd"), "closed-form"])
@pytest.mark.parametrize("blocks", [5, later(8)])
def test_fewer_blocks_reach_the_floor(group, lifting, solver, blocks):
    options = {"lifting": lifting, "image_size": 9, "blocks": blocks}
    _, report = sc.clone(group, student="local", solver=solver, verbose=0, **options)
    tolerance = 1e-4 if solver == "closed-form" else 0.02
    assert report.nmse == pytest.approx(1 - blocks / 9, rel=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("student", "solver"),
    [
        ("local", "sgd"),
        ("local", "closed-form"),
        later("dense", "sgd"),
        ("dense", "closed-form"),
    ],
)
@pytest.mark.parametrize(
    "arguments",
    [
        ("c4", 9, 3, False, "valid", 2),
        later(("t2", 8, 3, True, "same", 2)),
        ("t2", 8, 2, True, "same", 1, 2),
        later(("c4", 9, 3, True, "valid", 1, 2)),
    ],
)
def test_strided_and_dilated_convolutions_are_cloned(student, solver, arguments):
    teacher = ConvTeacher(*arguments)
    made, report = sc.clone(teacher, student=student, solver=solver, verbose=0)
    assert report.nmse < 1e-10
    assert report.equivariance_error < 1e-4
    assert sc.nmse(made, seed=99) < 1e-10


@pytest.mark.parametrize("most", [0, 10**6])
def test_irregular_receptive_fields_are_computed_too(rng, monkeypatch, most):
    monkeypatch.setattr(local_module, "MOST_DEFORMED", most)
    student = LocallyConnectedStudent(Web(), 2, seed=0)
    student.build()
    for weight in student.weights:
        weight.assign(rng.normal(size=weight.shape))
    inputs = rng.normal(size=(5, 6, 2)).astype("float32")
    kernel = rng.normal(size=(3, 2, 4)).astype("float32")
    padded = np.concatenate([inputs, np.zeros((5, 1, 2))], axis=1)
    weights = np.array(student.local_weights)
    features = np.einsum("npvc,pvb->npcb", padded[:, Web.receptive_fields], weights)
    alpha = np.einsum("eco,eb->bco", kernel, np.array(student.encoder.kernel))
    expected = np.einsum("npcb,bco->npo", features, alpha)
    assert relative(np.asarray(student(inputs, kernel)), expected) < 1e-5


@pytest.mark.slow
def test_teachers_that_declare_no_receptive_fields_are_cloned_too():
    for solver in ("sgd", "closed-form"):
        student, report = sc.clone(
            WithoutReceptiveFields("c4", 6), student="local", solver=solver, verbose=0
        )
        assert report.nmse < 1e-12
        assert student.local_weights.shape == (16, 9, 9)


@pytest.mark.slow
@CASES
@pytest.mark.parametrize(
    ("padding", "most"),
    [("same", 0), ("valid", 10**6), later("valid", 0), later("same", 10**6)],
)
def test_gradients_are_the_convolutions(
    rng, monkeypatch, group, lifting, padding, most
):
    """For features at each position, and for a kernel at each."""
    monkeypatch.setattr(local_module, "MOST_DEFORMED", most)
    options = {"padding": padding, "student": "local", "solver": "closed-form"}
    student, _ = sc.clone(group, lifting, 6, verbose=0, **options)
    inputs = tf.constant(draw(rng, student))
    shape = (*student.teacher.kernel_shape, 2, 3)
    kernel = tf.constant(rng.normal(size=shape).astype("float32"))

    def gradients(layer):
        with tf.GradientTape() as tape:
            tape.watch([inputs, kernel])
            loss = tf.reduce_mean(tf.square(layer(inputs, kernel) - 1.0))
        return tape.gradient(loss, [inputs, kernel])

    for mine, theirs in zip(gradients(student), gradients(student.teacher)):
        assert relative(np.asarray(mine), np.asarray(theirs)) < 1e-4


@pytest.mark.slow
@CASES
@pytest.mark.parametrize(
    "symmetry",
    [
        *(later(name) for name in ("frozen", "trainable")),
        "anchored",
    ],
)
def test_layers_of_it_behave_as_keras_layers(rng, tmp_path, group, lifting, symmetry):
    student, _ = sc.clone(
        group, lifting, 6, student="local", solver="closed-form", verbose=0
    )
    check_layer(
        sc.ClonedConv2D,
        {"filters": 3, "student": student, "symmetry": symmetry, "activation": "relu"},
        [draw(rng, student)],
        (4, *student.teacher.output_shape, 3),
        weights={"frozen": 4, "trainable": 4, "anchored": 6}[symmetry],
        trainable={"frozen": 2, "trainable": 4, "anchored": 4}[symmetry],
        path=tmp_path / "model.keras",
    )


@pytest.mark.slow
@CASES
def test_is_exported_loaded_and_fused(rng, tmp_path, group, lifting):
    student, report = sc.clone(
        group, lifting, 6, student="local", solver="closed-form", verbose=0
    )
    path = sc.export(student, tmp_path, report)
    assert path.parent.name == f"{student.teacher.name}-local"
    loaded = sc.load(path)
    inputs, shape = draw(rng, student), student.teacher.kernel_shape
    kernel = rng.normal(size=(*shape, 2, 5)).astype("float32")
    np.testing.assert_array_equal(loaded(inputs, kernel), student(inputs, kernel))
    saved = tf.saved_model.load(str(path))
    served = saved.serve(
        {"image": inputs[..., 0], "kernel": np.moveaxis(kernel[..., 0, :4], -1, 0)}
    )
    pairs = student.call_pairs(inputs[..., 0], np.moveaxis(kernel[..., 0, :4], -1, 0))
    np.testing.assert_allclose(served, pairs, atol=1e-5)
    layer = sc.ClonedConv2D.from_kernel(kernel, loaded, rng.normal(size=5))
    fused = sc.fuse(layer)
    assert fused.form == "convolution"
    np.testing.assert_allclose(fused.model(inputs), layer(inputs), atol=1e-4)
    assert fused.cost.bytes == 4 * fused.model.count_params()


@pytest.mark.slow
@pytest.mark.parametrize("solver", ["sgd", "closed-form"])
def test_large_images_are_cloned_too(solver):
    student, report = sc.clone(
        "t2", image_size=224, student="local", solver=solver, verbose=0
    )
    assert report.nmse < (1e-12 if solver == "sgd" else 1e-13)
    assert report.equivariance_error < 1e-5
    assert 4 * student.parameters < 20e6
    needed = sc.cloning.training_memory(student, sc.cloning.recipe_for(student))
    assert needed < 2e9


def test_number_of_weights_grows_as_the_pixels():
    sizes = {
        n: LocallyConnectedStudent(ConvTeacher("t2", n)).parameters for n in (28, 224)
    }
    assert sizes[28] == 26**2 * 81 + 81
    assert 4 * sizes[28] == pytest.approx(219e3, rel=0.01)
    assert 4 * sizes[224] < 20e6


def test_large_students_are_described_without_memory():
    student = LocallyConnectedStudent(ConvTeacher("t2", 10**6))
    assert student.parameters > 10**13
    with pytest.raises(MemoryError, match="of weights"):
        sc.cloning.Training().check(student)


def test_hidden_units_are_not_for_it():
    with pytest.raises(ValueError, match="`hidden_units` is not for `student` local"):
        sc.clone("c4", student="local", hidden_units=(4,))

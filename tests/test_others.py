"""A teacher and a student from outside of the package.

The teacher convolves signals on a ring of twelve positions; the blocks of the student
have outputs in a fixed space of few dimensions.
"""

import keras
import numpy as np
import pytest
from click.testing import CliRunner

import symclone_tf as sc
from symclone_tf.cli.main import main
from symclone_tf.cloning import student_equivariance_error, training_memory
from symclone_tf.symmetry import Permutation

from clones import relative

POSITIONS, TAPS = 12, 3


@sc.Teacher.register("ring", package="tests")
class Ring(sc.Teacher):
    """`y[n,p,o] = Σ_{v,c} x[n,p+v,c] · ψ[v,c,o]`, on a ring."""

    positions_in = positions_out = POSITIONS
    representation_in = representation_out = 1
    input_shape = output_shape = (POSITIONS,)
    kernel_shape = (TAPS,)
    name, title = "ring-12", "ring of 12"

    def __call__(self, inputs, kernel):
        positions = (np.arange(POSITIONS)[:, None] + np.arange(TAPS)) % POSITIONS
        gathered = keras.ops.take(inputs, positions, axis=1)
        return keras.ops.einsum("npvc,vco->npo", gathered, kernel)

    def transformations(self):
        rotations = (np.roll(np.arange(POSITIONS), by) for by in range(1, POSITIONS))
        return [Permutation(rotation, rotation) for rotation in rotations]


@sc.Student.register("narrow", package="tests")
class Narrow(sc.Student):
    """Blocks `x · W_b · U`, of which U, `(width, positions_out)`, is fixed."""

    is_linear = True

    def __init__(self, teacher, blocks=None, width=8, seed=None, **kwargs):
        super().__init__(teacher, blocks, seed, **kwargs)
        self.width = width
        square = np.random.default_rng(0).normal(size=(teacher.positions_out,) * 2)
        self.basis = np.linalg.qr(square)[0][:width].astype("float32")

    def build_blocks(self):
        shape = (self.teacher.positions_in, self.blocks, self.width)
        self.factors = self.add_weight(shape=shape, initializer="zeros", name="factors")

    def block_outputs(self, rows):
        narrow = keras.ops.einsum("np,pbw->nbw", rows, self.factors)
        return keras.ops.matmul(narrow, self.basis)

    @property
    def block_parameters(self):
        return self.teacher.positions_in * self.blocks * self.width

    @property
    def is_exact(self):
        return super().is_exact and self.width == self.teacher.positions_out

    @property
    def traits(self):
        return [*super().traits, f"w{self.width}"]

    def coordinates(self, operators):
        positions = self.teacher.positions_in
        for start in range(0, positions, operators.batch_size):
            count = min(operators.batch_size, positions - start)
            rows = np.eye(count, positions, start, dtype="f4")
            yield start, keras.ops.einsum("pqk,wq->pwk", operators(rows), self.basis)

    def assign_coordinates(self, pieces):
        factors = np.zeros(self.factors.shape, "float32")
        for start, values in pieces:
            values = keras.ops.transpose(values, (0, 2, 1))
            factors[start : start + len(values), : values.shape[1]] = values
        self.factors.assign(factors)

    def get_config(self):
        return {**super().get_config(), "width": self.width}


def made(width=POSITIONS, solver="closed-form", **options):
    student = Narrow(Ring(), width=width, seed=0)
    return sc.clone(Ring(), student=student, solver=solver, verbose=0, **options)


@pytest.mark.slow
@pytest.mark.parametrize("solver", ["sgd", "closed-form"])
def test_is_cloned_exactly_where_it_can_be(solver):
    student, report = made(solver=solver)
    assert report.nmse < 1e-10
    assert report.equivariance_error < 1e-4
    assert sc.nmse(student, seed=99) < 1e-10


@pytest.mark.slow
@pytest.mark.parametrize("solver", ["sgd", "closed-form"])
@pytest.mark.parametrize("width", [4, 8])
def test_reaches_the_floor_of_its_space(solver, width):
    """The space has a share of width / positions of each rotation's matrix."""
    _, report = made(width, solver)
    assert report.nmse == pytest.approx(1 - width / POSITIONS, rel=0.02)
    assert report.equivariance_error > 0.1
    if solver == "closed-form":
        assert report.kept_variance == pytest.approx(width / POSITIONS, rel=1e-5)


@pytest.mark.slow
def test_is_found_by_its_name():
    student, report = sc.clone(Ring(), student="narrow", verbose=0)
    assert isinstance(student, Narrow)
    assert report.nmse == pytest.approx(1 / 3, rel=0.02)
    dense, report = sc.clone(Ring(), student="dense", verbose=0)
    assert isinstance(dense, sc.DenseStudent)
    assert report.nmse < 1e-10


def test_memory_is_known_before_it_is_taken():
    student = Narrow(Ring())
    recipe = sc.cloning.recipe_for(student)
    assert not student.built
    assert training_memory(student, recipe) > 4 * student.parameters
    student.build()
    assert student.count_params() == student.parameters


@pytest.fixture
def exported(tmp_path):
    student, report = made(8)
    return student, sc.export(student, tmp_path, report)


def test_is_exported_listed_and_loaded(exported, tmp_path):
    student, path = exported
    assert path.parts[-2:] == ("ring-12-narrow-w8", "1")
    (artifact,) = sc.artifacts.list_artifacts(tmp_path)
    assert artifact.record["teacher"] == {"name": "ring", "config": {}}
    assert artifact.record["student"]["config"]["width"] == 8
    loaded = sc.load(path)
    assert loaded.teacher == student.teacher
    assert loaded.get_config() == student.get_config()
    for mine, theirs in zip(student.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.slow
def test_command_line_finds_it(exported, monkeypatch, tmp_path):
    student, path = exported
    monkeypatch.chdir(tmp_path)
    listed = CliRunner().invoke(main, ["list", str(tmp_path)])
    assert "ring-12-narrow-w8" in listed.stdout
    measured = CliRunner().invoke(main, ["evaluate", str(path), "--seed", "3"])
    assert measured.exit_code == 0
    assert "ring of 12" in measured.stdout
    assert f"{sc.nmse(student, seed=3):.1e}" in measured.stdout
    assert f"{student_equivariance_error(student, seed=3):.1e}" in measured.stdout


def test_is_refused_if_it_is_not_registered(exported, monkeypatch):
    _, path = exported
    monkeypatch.delitem(sc.teachers.TEACHERS, "ring")
    with pytest.raises(
        sc.ArtifactError, match="`teacher` must be one of conv"
    ) as error:
        sc.load(path)
    # The artifact's error has as much of it as fits in a line.
    assert "Received: teacher=ring" in str(error.value.__cause__)


def test_is_served_without_this_package(rng, exported):
    student, path = exported
    layer = keras.layers.TFSMLayer(str(path), call_endpoint="serve", trainable=False)
    images = rng.normal(size=(5, POSITIONS)).astype("float32")
    kernels = rng.normal(size=(5, TAPS)).astype("float32")
    np.testing.assert_allclose(
        layer({"image": images, "kernel": kernels}),
        student.call_pairs(images, kernels),
        atol=1e-5,
    )


@pytest.mark.slow
def test_stacks_in_models(rng, tmp_path):
    layers = [
        sc.ClonedConv2D(4, made()[0], "frozen", activation="relu"),
        sc.ClonedConv2D(2, made()[0], "trainable"),
    ]
    model = keras.Sequential([keras.Input((POSITIONS, 1)), *layers])
    signals = rng.normal(size=(8, POSITIONS, 1)).astype("float32")
    expected = Ring()(
        keras.ops.relu(Ring()(signals, layers[0].kernel)), layers[1].kernel
    )
    assert relative(np.asarray(model(signals)), np.asarray(expected)) < 1e-4
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(signals), model(signals))
    assert again.layers[0].student.teacher == Ring()
    before = [layer.student.get_weights() for layer in again.layers]
    again.compile("sgd", "mse")
    again.fit(signals, np.ones((8, POSITIONS, 2)), verbose=0)
    frozen, trained = (
        [np.array_equal(a, b) for a, b in zip(layer.student.get_weights(), weights)]
        for layer, weights in zip(again.layers, before)
    )
    assert all(frozen)
    assert not any(trained)


@pytest.mark.slow
def test_becomes_a_plain_layer(rng, tmp_path):
    layer = sc.ClonedConv2D(3, made()[0], activation="relu")
    layer.build((None, POSITIONS, 2))
    fused = sc.fuse(layer)
    assert (fused.form, list(fused.costs)) == ("dense", ["dense"])
    assert "no blocks: they have no plain form" in fused.reason
    signals = rng.normal(size=(4, POSITIONS, 2)).astype("float32")
    np.testing.assert_allclose(fused.model(signals), layer(signals), atol=1e-5)
    path = sc.export_layer(fused, tmp_path)
    assert path.parent.name == "ring-12-narrow-w12-c2-f3"


@pytest.mark.slow
def test_is_drawn_and_watched(rng):
    student, kernel = made()[0], rng.normal(size=TAPS)
    cloned, taught = (
        sc.studies.operators(layer, Ring(), kernel) for layer in (student, Ring())
    )
    circulant = sum(np.roll(np.eye(POSITIONS), v, 1) * kernel[v] for v in range(TAPS))
    np.testing.assert_allclose(taught[0], circulant, atol=1e-6)
    np.testing.assert_allclose(cloned, taught, atol=1e-4)
    assert sc.nmse(sc.studies.untrained(student)) == pytest.approx(2, rel=0.3)
    curve = sc.studies.learning_curve(Narrow(Ring(), width=POSITIONS, seed=0))
    assert curve[-1] < 1e-8 < curve[0]
    weights, _ = sc.studies.weights_while_learning(Narrow(Ring(), seed=0), (0,))
    assert len(weights[0]) == student.teacher.positions_in * 3 * 8
    image = rng.normal(size=POSITIONS)
    transformed = sc.studies.transformed_outputs(
        student, Ring(), image, kernel, Ring().transformations()[4]
    )
    assert transformed.error < 1e-4
    assert transformed.output.shape == (POSITIONS, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_size": 9}, "`image_size` is for a `group` that is a name"),
        ({"padding": "same"}, "`padding` is for a `group` that is a name"),
        (
            {"student": "thin"},
            "`student` must be one of .*regional, relative-attention, narrow",
        ),
        ({"student": "narrow", "hidden_units": (4,)}, "`hidden_units` is not for"),
        ({"student": Narrow(sc.ConvTeacher("t2", 5))}, "must have been made for Ring"),
        ({"student": Narrow(Ring()), "blocks": 4}, "`blocks` is for a `student`"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        sc.clone(Ring(), verbose=0, **options)


def test_students_without_a_teacher_are_refused():
    with pytest.raises(TypeError, match="`teacher` must be a Teacher"):
        Narrow("c4")

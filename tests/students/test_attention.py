"""Students that attend to positions."""

import keras
import numpy as np
import pytest
from click.testing import CliRunner

import symclone_tf as sc
from symclone_tf.cli.main import main
from symclone_tf.cloning import recipe_for
from symclone_tf.students import AttentionStudent
from symclone_tf.teachers import ConvTeacher

from cases import CASES
from clones import check_whole_life, draw, relative
from layer_checks import check_layer


def random_student(rng, *arguments, blocks=4, dimensions=5, **options):
    """A student with random weights."""
    teacher = ConvTeacher(*arguments, **options)
    student = AttentionStudent(teacher, blocks, dimensions, seed=0)
    student.build()
    for weight in student.weights:
        weight.assign(rng.normal(size=weight.shape))
    return student


def attention_of(student):
    """The attention maps, one position at a time."""
    queries, keys = student.queries.numpy(), student.keys.numpy()
    maps = np.zeros((student.blocks, student.teacher.positions_out, len(keys) - 1))
    for block, position in np.ndindex(maps.shape[:2]):
        logits = keys @ queries[block, position] / np.sqrt(student.dimensions)
        weights = np.exp(logits - logits.max())
        maps[block, position] = (weights / weights.sum())[:-1]
    return maps


@CASES
def test_equals_the_formula(rng, group, lifting):
    student = random_student(rng, group, 5, lifting=lifting)
    inputs, teacher = draw(rng, student), student.teacher
    kernel = rng.normal(size=(*teacher.kernel_shape, 2, 3)).astype("float32")
    g, h, entries = (
        teacher.representation_in,
        teacher.representation_out,
        teacher.kernel_entries,
    )
    encoder = np.reshape(student.encoder.kernel, (entries, 4, g, h))
    alpha = np.einsum("eco,ebgh->bghco", kernel.reshape(entries, 2, 3), encoder)
    expected = np.einsum(
        "nqgc,bpq,bghco->npho",
        inputs.reshape(4, 25, g, 2),
        attention_of(student),
        alpha,
        optimize=True,
    )
    found = np.reshape(student(inputs, kernel), expected.shape)
    assert relative(found, expected) < 1e-5


def test_starts_with_uniform_attention():
    student = AttentionStudent(ConvTeacher("t2", 5), seed=0)
    student.build()
    np.testing.assert_allclose(student.attention(), 1 / 26, rtol=1e-5)


@pytest.mark.tensorflow  # elsewhere the seed draws other starts
def test_learns_which_position_to_attend_to():
    """Each block ends with all of its attention at one position of each receptive
    field, the same relative to every output position."""
    student, report = sc.clone("t2", image_size=6, student="attention", verbose=0)
    assert report.nmse < 1e-3
    assert report.equivariance_error < 0.05
    assert report.images_per_step == 24
    maps = np.asarray(student.attention()).reshape(9, 4, 4, 6, 6)
    assert maps.max(axis=(3, 4)).min() > 0.8
    attended = maps.reshape(9, 4, 4, 36).argmax(axis=-1)
    rows, columns = attended // 6, attended % 6
    offsets = {
        (int(row[0, 0]), int(column[0, 0])) for row, column in zip(rows, columns)
    }
    assert offsets == {(i, j) for i in range(3) for j in range(3)}
    np.testing.assert_array_equal(rows - rows[:, :1], np.indices((9, 4, 4))[1])
    np.testing.assert_array_equal(columns - columns[:, :, :1], np.indices((9, 4, 4))[2])


@pytest.mark.slow
def test_attends_to_the_padding_at_edges():
    student, report = sc.clone(
        "t2", image_size=5, padding="same", student="attention", verbose=0
    )
    assert report.nmse < 2e-3
    at_edges = np.asarray(student.attention()).sum(axis=-1)
    # Four of a corner's nine input positions lie inside.
    assert (at_edges[:, 0] < 0.5).sum() == 5


def test_number_of_weights_grows_with_the_positions():
    student = AttentionStudent(ConvTeacher("c4", 28))
    assert student.block_parameters == 16 * (785 + 9 * 676)
    assert not student.is_linear
    student.build()
    assert student.count_params() == student.parameters
    recipe = recipe_for(student)
    assert (recipe.images_per_step, recipe.steps) == (24, 1000)
    assert recipe.optimizer is keras.optimizers.Adam


def test_maps_too_large_for_memory_are_refused():
    with pytest.raises(MemoryError, match=r"takes .*[GTP]B of memory"):
        sc.clone("t2", image_size=224, student="attention", verbose=0)


@pytest.mark.slow
@pytest.mark.parametrize("symmetry", ["frozen", "trainable"])
def test_layers_of_it_behave_as_keras_layers(rng, tmp_path, symmetry):
    student = random_student(rng, "c4", 6)
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
    student, _ = sc.clone("c4", image_size=6, student="attention", steps=20, verbose=0)
    path = check_whole_life(student, rng, tmp_path)
    assert path.parts[-2] == "c4-lifting-6x6-k3-attention"


@pytest.mark.tensorflow
def test_command_line_makes_one(tmp_path):
    chosen = ["clone", "--group", "t2", "--image-size", "5", "--student", "attention"]
    output = ["--steps", "20", "--output", str(tmp_path)]
    result = CliRunner().invoke(main, [*chosen, *output])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "t2-5x5-k3-attention" / "1").is_dir()
    refused = CliRunner().invoke(main, [*chosen, "--solver", "closed-form"])
    assert refused.exit_code == 2
    assert "linear" in refused.output


@pytest.mark.parametrize("dimensions", [0, -1, 2.5])
def test_dimensions_that_are_none_are_refused(dimensions):
    with pytest.raises(ValueError, match="`dimensions` must be a positive integer"):
        AttentionStudent(ConvTeacher("t2", 5), dimensions=dimensions)

"""Students that mix positions, and then channels."""

import numpy as np
import pytest
from click.testing import CliRunner

import symclone_tf as sc
from symclone_tf.cli.main import main
from symclone_tf.students import MixerStudent
from symclone_tf.teachers import ConvTeacher

from clones import check_whole_life, draw
from layer_checks import check_layer


def random_student(rng, *arguments, hidden_units=(7, 6), **options):
    """A student with random weights."""
    teacher = ConvTeacher(*arguments)
    student = MixerStudent(teacher, 4, hidden_units, seed=0, **options)
    student.build()
    for weight in student.weights:
        weight.assign(rng.normal(size=weight.shape))
    return student


def test_blocks_equal_the_formula(rng):
    student = random_student(rng, "t2", 4, activation="tanh")
    positions, w0, b0, w1, b1, v0, c0, v1 = (
        weight.numpy() for layer in student.parts for weight in layer.weights
    )
    rows = rng.normal(size=(3, 16)).astype("float32")
    expected = np.zeros((3, 4, 4))
    for row, position in np.ndindex(3, 4):
        channels = np.array(
            [
                np.tanh((rows[row] * positions[:, c]) @ w0 + b0) @ w1[:, position]
                + b1[position]
                for c in range(6)
            ]
        )
        expected[row, :, position] = np.tanh(channels @ v0 + c0) @ v1
    np.testing.assert_allclose(
        student.block_outputs(rows), expected, rtol=1e-4, atol=1e-4
    )


def test_weights_and_operations_are_counted(rng):
    student = MixerStudent(ConvTeacher("c4", 10))
    assert student.hidden_units == (100, 36)
    student.build()
    assert student.count_params() == student.parameters
    mixing_positions = 100 + (100 + 64) * 100
    assert student.block_operations == 36 * (mixing_positions + 64 * (36 + 9))
    assert not student.is_linear


@pytest.mark.slow
def test_learns_some_of_a_convolution():
    options = {"image_size": 4, "student": "mixer", "verbose": 0}
    _, short = sc.clone("t2", steps=50, **options)
    _, long = sc.clone("t2", steps=600, **options)
    assert long.nmse < 0.5
    assert long.nmse < short.nmse / 1.5


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_layers_of_it_behave_as_keras_layers(rng, tmp_path, activation):
    student = random_student(rng, "c4", 6, activation=activation)
    check_layer(
        sc.ClonedConv2D,
        {"filters": 3, "student": student, "symmetry": "trainable"},
        [draw(rng, student)],
        (4, 4, 4, 4, 3),
        weights=11,
        path=tmp_path / "model.keras",
    )


def test_stacks_is_fused_exported_and_served(rng, tmp_path):
    student = random_student(rng, "c4", 6)
    path = check_whole_life(student, rng, tmp_path)
    assert path.parts[-2] == "c4-lifting-6x6-k3-mixer-b4-h7x6"


@pytest.mark.slow
def test_command_line_makes_one(tmp_path):
    chosen = ["clone", "--group", "t2", "--image-size", "4", "--student", "mixer"]
    options = ["--hidden-units", "8,12", "--steps", "20", "--output", str(tmp_path)]
    result = CliRunner().invoke(main, [*chosen, *options])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "t2-4x4-k3-mixer-h8x12" / "1").is_dir()
    refused = CliRunner().invoke(main, [*chosen, "--hidden-units", "8"])
    assert refused.exit_code == 2
    assert "must be two, of positions and of channels" in refused.output


@pytest.mark.parametrize("hidden_units", [(), (4,), (4, 4, 4)])
def test_takes_one_mlp_over_positions_and_one_over_channels(hidden_units):
    with pytest.raises(ValueError, match="must be two, of positions and of channels"):
        MixerStudent(ConvTeacher("t2", 5), hidden_units=hidden_units)


def test_counts_that_are_not_positive_are_refused():
    with pytest.raises(ValueError, match="`hidden_units` must be a positive integer"):
        MixerStudent(ConvTeacher("t2", 5), hidden_units=(0, 4))

import keras
import numpy as np
import pytest

import symclone_tf as sc

from networks import on_group
from pictures import write_npz


def test_measures_on_fresh_data(run, small_clone, tmp_path):
    student, report = small_clone
    path = sc.export(student, tmp_path, report)
    result = run("evaluate", path.parent, "--seed", 5)
    assert result.exit_code == 0
    assert f"{sc.nmse(student, seed=5):.1e}" in result.stdout
    assert (
        f"{sc.cloning.student_equivariance_error(student, seed=5):.1e}" in result.stdout
    )
    assert "C4 lifting 8×8" in result.stdout
    assert run("evaluate", path, "--seed", 5).stdout == result.stdout


@pytest.mark.slow
def test_teachers_own_error_is_beside_that_of_a_rotation_by_any_angle(run, tmp_path):
    options = ("--image-size", 8, "--solver", "closed-form")
    cloned = run("clone", "--group", "c8", *options)
    assert cloned.exit_code == 0
    result = run("evaluate", "exported/c8-lifting-8x8-k3", "--seed", 5)
    assert result.exit_code == 0
    teacher = sc.ConvTeacher("c8", image_size=8)
    for shown, seed in ((cloned, 0), (result, 5)):
        error = sc.cloning.teacher_equivariance_error(teacher, seed=seed)
        assert "Teacher's own" in shown.stdout
        assert shown.stdout.count(f"{error:.1e}") == 2  # the clone's is no other


def test_damage_to_the_weights_shows(run, small_clone, tmp_path):
    student, _ = small_clone
    copy = sc.load(sc.export(student, tmp_path))
    copy.encoder.kernel.assign(copy.encoder.kernel * 1.1)
    path = sc.export(copy, tmp_path / "damaged")
    assert "1.0e-02" in run("evaluate", path).stdout


def test_folder_that_is_no_artifact_is_refused(refused, tmp_path):
    (tmp_path / "folder").mkdir()
    for path in ("folder", "nowhere", "."):
        message = refused("evaluate", path)
        assert f"{path} is not an exported clone" in message
        assert "exported/c4-lifting-28x28-k3" in message


def test_counts_are_checked(refused):
    assert "'--images'" in refused("evaluate", "anything", "--images", 0)


@pytest.mark.parametrize(
    ("option", "value", "accepted"),
    [("--kernels", 10**9, "1<=x<=1000"), ("--images", 10**12, "1<=x<=1000000")],
)
def test_measurements_that_no_machine_could_hold_are_refused(
    refused, small_clone, tmp_path, option, value, accepted
):
    path = sc.export(small_clone[0], tmp_path)
    message = refused("evaluate", path, option, value)
    assert str(value) in message
    assert accepted in message


def network(pooling, size=17, classes=3):
    """A classifier that is invariant under C4 if its pooling is."""
    keras.utils.set_random_seed(0)
    layers = [
        sc.GroupConv2D(4, 3, "c4", activation="relu", name="conv"),
        pooling,
        keras.layers.GlobalAveragePooling3D(),
        keras.layers.Dense(classes),
    ]
    return keras.Sequential([keras.Input((size, size, 1)), *layers])


def test_a_network_is_measured_layer_by_layer_and_as_a_whole(run, tmp_path):
    exact = network(sc.layers.CentredMaxPooling2D(2))
    broken = network(keras.layers.MaxPooling3D((2, 2, 1)))
    noise = np.random.default_rng(1).normal(size=(64, 17, 17, 1)).astype("float32")
    shares = {}
    for name, model in {"exact": exact, "broken": broken}.items():
        # Each class is the most probable one of some images.
        model.layers[-1].bias.assign(-keras.ops.mean(model(noise), axis=0))
        model.save(tmp_path / f"{name}.keras")
        result = run("evaluate", f"{name}.keras", "--group", "c4", "--images", 64)
        assert result.exit_code == 0
        (row,) = [one for one in result.stdout.splitlines() if "network" in one]
        (line,) = [one for one in result.stdout.splitlines() if "class changes" in one]
        shares[name] = float(line.split()[-1].strip("%"))
        assert "measured on 64 images" in result.stdout
        error = float(row.split("│")[2])
        found = sc.networks.network_error(model, noise, "c4")
        assert error == pytest.approx(found.equivariance_error, rel=0.1)
        assert (error < 1e-4) == (name == "exact")
    assert shares["exact"] == 0
    assert shares["broken"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("group", ["c8", "flip"])
def test_what_interpolation_adds_to_a_network_is_said_in_one_line(run, tmp_path, group):
    model = on_group(group)
    model.save(tmp_path / "net.keras")
    result = run("evaluate", "net.keras", "--group", group, "--images", 8)
    assert result.exit_code == 0
    said = [one for one in result.stdout.splitlines() if "Interpolation" in one]
    images = np.random.default_rng(1).normal(size=(8, 9, 9, 1)).astype("float32")
    own = sc.networks.teacher_errors(model, images, group)
    assert len(said) == len(own) / 2
    for line in said:
        assert f"adds up to {max(own.values()):.1e}" in line


@pytest.mark.slow
def test_a_classifier_is_measured_on_images_of_ones_own(run, rng, tmp_path):
    write_npz(tmp_path / "own.npz", rng, size=17)
    model = network(sc.layers.CentredMaxPooling2D(2))
    sc.artifacts.export_classifier(model, tmp_path, "digits", {})
    path = sc.artifacts.export_classifier(model, tmp_path, "digits", {})
    options = ("--group", "c4", "--data", "own.npz", "--images", 5)
    result = run("evaluate", "digits", *options)
    assert result.exit_code == 0
    assert f"{path.name}/assets.extra/classifier.keras" in result.stdout
    assert "measured on 5 images" in result.stdout
    assert "class changes under C4: 0.0%" in result.stdout


def test_a_network_of_any_size_takes_one(run, tmp_path):
    images = keras.Input((None, None, 1))
    keras.Model(images, keras.layers.Conv2D(2, 3)(images)).save(tmp_path / "any.keras")
    result = run("evaluate", "any.keras", "--group", "c4", "--image-size", 9)
    assert result.exit_code == 0
    assert "class changes" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("network.keras",), "needs --group"),
        (("network.keras", "--group", "c4", "--kernels", 3), "--kernels is for clones"),
        (("folder", "--group", "c4"), "--group is for a network, a .keras file or a"),
        (("nowhere.keras", "--group", "c4"), "nowhere.keras does not exist"),
        (("network.keras", "--group", "c4", "--data", "rgb.npz"), "have 3 channels"),
        (("folder", "--keep-together", "p"), "--keep-together is for a network, a"),
        (
            ("network.keras", "--group", "c4", "--keep-together", "p"),
            "--keep-together is for a folder of --data",
        ),
    ],
)
def test_options_of_the_other_kind_are_refused(
    refused, rng, tmp_path, arguments, message
):
    (tmp_path / "folder").mkdir()
    write_npz(tmp_path / "rgb.npz", rng, size=17, channels=3)
    network(sc.layers.CentredMaxPooling2D(2)).save(tmp_path / "network.keras")
    assert message in refused("evaluate", *arguments)

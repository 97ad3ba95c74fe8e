import dataclasses
import json

import keras
import numpy as np
import pytest

from symclone_tf.artifacts.records import list_artifacts
from symclone_tf.data import open_images
from symclone_tf.errors import ArtifactError, CloningError, DataError
from symclone_tf.experiments.experiment import Experiment
from symclone_tf.experiments.experiment_data import open_data
from symclone_tf.experiments.runs import find_or_clone, run_experiment
from symclone_tf.networks.convolutions import convolution_layers
from symclone_tf.workspace import Workspace

from cases import later
from pictures import write_folder

QUIET = Workspace(verbose=0)
SMALL = {"train_size": 96, "test_size": 48, "epochs": 1, "batch_size": 32}


@pytest.fixture(scope="module")
def ran(clones, mnist):
    keras.utils.set_random_seed(0)  # as for every test
    return run_experiment(Experiment("cloned", **SMALL), Workspace(clones, verbose=0))


@pytest.mark.usefixtures("mnist")
class TestRunning:
    def test_metrics_are_complete_and_json(self, ran):
        _, metrics = ran
        assert json.loads(json.dumps(metrics)) == metrics
        assert set(metrics) == {
            *("accuracy", "loss", "upright_accuracy", "parameters"),
            *("seconds", "seconds_per_epoch", "equivariance_error"),
            *("epochs", "best_epoch", "largest_class", "learned"),
            *("deviation", "class_names", "versions", "options", "changed_classes"),
            "notes",
        }
        assert metrics["class_names"] == list("0123456789")
        assert metrics["options"] == dataclasses.asdict(Experiment(**SMALL).complete())
        names = ["conv_1", "conv_2", "conv_3", "conv_4", "network"]
        assert list(metrics["equivariance_error"]) == names

    def test_accuracy_is_that_of_the_returned_model(self, ran):
        from symclone_tf.experiments.tasks import mnist_task

        model, metrics = ran
        test = mnist_task("invariance", "c4", "test", size=48)
        guesses = [
            np.argmax(model(images), axis=1) == labels for images, labels in test
        ]
        assert metrics["accuracy"] == pytest.approx(np.mean(np.concatenate(guesses)))

    @pytest.mark.slow
    def test_deviation_is_that_of_anchored_convolutions(self, clones):
        options = {
            "symmetry": "frozen,frozen,frozen,anchored",
            "anchor": "decoupled-l2-sp",
        }
        experiment = Experiment(trainable_part="encoder", **options, **SMALL)
        model, metrics = run_experiment(experiment, Workspace(clones, verbose=0))
        assert list(metrics["deviation"]) == ["conv_4"]
        found = metrics["deviation"]["conv_4"]
        expected = convolution_layers(model)[-1].deviation()
        assert found["norm"] == pytest.approx(expected.norm)
        assert found["norm"] > 0
        assert not np.any(found["positions"])
        np.testing.assert_allclose(found["elements"], expected.elements)

    def test_frozen_clones_preserve_equivariance(self, ran):
        _, metrics = ran
        for error in metrics["equivariance_error"].values():
            assert max(error.values()) < 1e-4
        assert metrics["changed_classes"] == {"before": 0, "after": 0}
        assert metrics["upright_accuracy"] == metrics["accuracy"]

    @pytest.mark.slow
    def test_frozen_blocks_do_not_change_by_a_bit_and_kernels_do(self, ran, clones):
        model, _ = ran
        fresh = find_or_clone(Experiment("cloned"), Workspace(clones))
        for layer, student in zip(convolution_layers(model), fresh):
            for mine, theirs in zip(layer.student.weights, student.weights):
                np.testing.assert_array_equal(mine, theirs)
        untrained, _ = run_experiment(
            Experiment("cloned", **SMALL | {"learning_rate": 1e-30}),
            Workspace(clones, verbose=0),
        )
        for mine, theirs in zip(
            convolution_layers(model), convolution_layers(untrained)
        ):
            assert not np.array_equal(mine.kernel, theirs.kernel)

    @pytest.mark.slow
    def test_same_seed_gives_the_same_figures(self, ran, clones):
        _, metrics = ran
        _, again = run_experiment(
            Experiment("cloned", **SMALL), Workspace(clones, verbose=0)
        )
        for name in ("accuracy", "loss", "upright_accuracy", "equivariance_error"):
            assert metrics[name] == again[name]

    @pytest.mark.slow
    def test_another_seed_gives_others(self, ran, clones):
        _, metrics = ran
        other = Experiment("cloned", **SMALL, seed=1)
        _, other = run_experiment(other, Workspace(clones, verbose=0))
        assert metrics["loss"] != other["loss"]

    @pytest.mark.slow
    def test_trained_blocks_break_the_symmetry_and_anchors_limit_it(self, clones):
        def error(**options):
            experiment = Experiment("cloned", task="breaking", **options, **SMALL)
            model, metrics = run_experiment(experiment, Workspace(clones, verbose=0))
            assert metrics["upright_accuracy"] is None
            assert model.output_shape == (None, 20)
            parameters.append(metrics["parameters"])
            return metrics["equivariance_error"]["conv_2"]

        parameters = []
        free = error(symmetry="trainable")
        held = error(symmetry="anchored", anchor="l2-sp", anchor_strength=1e3)
        assert free["before"] < 1e-5 < held["after"] < 0.8 * free["after"]
        assert len(set(parameters)) == 1

    @pytest.mark.slow
    def test_frozen_and_group_convolutions_agree_on_trained_kernels(self, clones):
        """Classifiers with the same kernels agree on 99.9% of test digits."""
        from symclone_tf.experiments.image_networks import image_network
        from symclone_tf.experiments.task_transformations import task_class_count
        from symclone_tf.experiments.tasks import mnist_task

        options = {"train_size": 1000, "epochs": 2, "test_size": 48}
        gcnn, _ = run_experiment(Experiment("gcnn", **options), QUIET)
        students = find_or_clone(Experiment("cloned"), Workspace(clones))
        cloned = image_network(
            "cloned", "c4", task_class_count("invariance"), students=students
        )
        for mine, theirs in zip(cloned.layers, gcnn.layers, strict=True):
            if hasattr(mine, "kernel"):
                mine.kernel.assign(theirs.kernel)
                mine.bias.assign(theirs.bias)
        test = mnist_task("invariance", "c4", "test", size=2000)
        mine, theirs = (m.predict(test, verbose=0) for m in (cloned, gcnn))
        assert len(set(np.argmax(theirs, axis=1))) > 2
        assert np.mean(np.argmax(mine, axis=1) == np.argmax(theirs, axis=1)) >= 0.999
        assert np.linalg.norm(mine - theirs) < 1e-3 * np.linalg.norm(theirs)

    @pytest.mark.slow
    def test_t2_runs_on_its_canvas(self):
        experiment = Experiment("cnn", "t2", "breaking", max_translation=2, **SMALL)
        model, metrics = run_experiment(experiment, QUIET)
        assert model.input_shape == (None, 40, 40, 1)
        assert metrics["equivariance_error"]["conv_4"]["after"] < 1e-5
        assert metrics["equivariance_error"]["network"]["after"] > 1e-5

    @pytest.mark.slow
    def test_divergence_is_an_error(self):
        experiment = Experiment("mlp", **SMALL | {"learning_rate": 1e30})
        with pytest.raises(CloningError, match="Lower `learning_rate`"):
            run_experiment(experiment, QUIET)

    def test_clones_that_are_a_file_are_refused(self, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(ArtifactError, match="`clones` must be a folder"):
            run_experiment(Experiment(**SMALL), Workspace(tmp_path / "file", verbose=0))

    def test_damaged_clones_are_refused_and_stay(self, tmp_path):
        home = tmp_path / "c4-group-12x12-k3"
        home.mkdir()
        (home / "note").write_text("mine")
        with pytest.raises(ArtifactError, match="c4-group-12x12-k3"):
            find_or_clone(Experiment(), Workspace(tmp_path, verbose=0))
        assert (home / "note").read_text() == "mine"
        assert list(tmp_path.iterdir()) == [home]

    @pytest.mark.slow
    def test_clone_that_was_never_finished_is_made_again(self, clones, tmp_path):
        for home in clones.iterdir():
            (tmp_path / home.name).symlink_to(home)
        (tmp_path / "c4-group-10x10-k3").unlink()
        (tmp_path / "c4-group-10x10-k3" / ".writing-1").mkdir(parents=True)
        assert len(find_or_clone(Experiment(), Workspace(tmp_path, verbose=0))) == 4


@pytest.mark.slow
def test_missing_clones_are_made_and_announced(tmp_path, capsys):
    experiment = Experiment("cloned", "t2", canvas=28, max_translation=2)
    students = find_or_clone(experiment, Workspace(tmp_path))
    assert "Cloning what is missing" in capsys.readouterr().err
    assert [s.teacher.image_size for s in students] == [28, 26, 12, 10]
    artifacts = list_artifacts(tmp_path)
    assert len(artifacts) == 4
    assert max(artifact.record["nmse"] for artifact in artifacts) < 1e-6
    again = find_or_clone(experiment, Workspace(tmp_path))
    assert capsys.readouterr().err == ""
    assert len(list_artifacts(tmp_path)) == 4
    np.testing.assert_array_equal(students[0].weights[0], again[0].weights[0])


def shapes(folder, rng, **options):
    """An experiment on labelled images in a folder."""
    write_folder(folder / "shapes", rng, each=20, **options)
    return Experiment(
        data=str(folder / "shapes"),
        group="c4",
        epochs=1,
        batch_size=16,
        student="local",
    )


@pytest.mark.slow
class TestOwnImages:
    @pytest.mark.parametrize("channels", [1, later(3)])
    def test_sizes_classes_and_channels_are_those_found(
        self, tmp_path, rng, channels, local_clones
    ):
        experiment = shapes(tmp_path, rng, channels=channels)
        experiment = dataclasses.replace(experiment, task="breaking")
        # Those that are missing are made.
        clones = local_clones if channels == 1 else tmp_path / "clones"
        model, metrics = run_experiment(experiment, Workspace(clones, verbose=0))
        assert (clones / "c4-lifting-16x16-k3-local").is_dir()
        assert model.input_shape == (None, 16, 16, channels)
        assert model.output_shape == (None, 6)
        assert metrics["class_names"][2:4] == [
            "ring",
            "cross, rotated by 180° or rotated by 270°",
        ]
        found = metrics["options"]
        assert (found["image_size"], found["canvas"]) == (16, 16)
        assert (found["train_size"], found["test_size"]) == (48, 12)

    def test_images_that_are_open_are_not_opened_again(self, tmp_path, rng):
        whole = shapes(tmp_path, rng)
        experiment = dataclasses.replace(whole, architecture="mlp", student=None)
        filled, images = open_data(experiment)
        elsewhere = dataclasses.replace(filled, data="nowhere")
        _, metrics = run_experiment(elsewhere, QUIET, images=images)
        assert metrics["options"]["train_size"] == 48

    @pytest.mark.slow
    def test_rotation_invariant_shapes_are_learned(self, tmp_path, rng):
        """Discs, rings and crosses, classified upright and rotated."""
        write_folder(tmp_path / "shapes", rng, each=200, size=20)
        experiment = Experiment("gcnn", data=str(tmp_path / "shapes"), epochs=6)
        _, metrics = run_experiment(experiment, QUIET)
        assert metrics["accuracy"] > 0.9
        assert metrics["upright_accuracy"] == pytest.approx(metrics["accuracy"])

    def test_fashion_mnist(self, fashion):
        small = {"train_size": 64, "test_size": 20, "epochs": 1}
        experiment = Experiment("cnn", data="fashion_mnist", **small)
        model, metrics = run_experiment(experiment, QUIET, images=fashion)
        assert model.input_shape == (None, 28, 28, 1)
        assert "Ankle boot" in metrics["class_names"]

    @pytest.mark.slow
    def test_cifar10(self, cifar10):
        small = {"train_size": 64, "test_size": 20, "epochs": 1}
        experiment = Experiment("gcnn", data=str(cifar10), **small)
        model, metrics = run_experiment(experiment, QUIET)
        assert model.input_shape == (None, 32, 32, 3)
        assert model.output_shape == (None, 10)
        assert metrics["equivariance_error"]["network"]["after"] < 1e-5


def test_missing_data_is_refused_before_anything_is_cloned(tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise OSError("no network")

    monkeypatch.setattr("socket.getaddrinfo", refuse)
    with pytest.raises(DataError, match="no network"):
        run_experiment(Experiment(), Workspace(tmp_path / "clones", tmp_path / "data"))
    assert list(tmp_path.iterdir()) == []


def test_images_in_memory_are_trained_on(rng):
    """Those that no file can hold are given as `images`."""
    arrays = rng.integers(256, size=(40, 16, 16), dtype="uint8"), np.arange(40) % 2
    with pytest.raises(ValueError, match="`data` must be a name of tensorflow"):
        run_experiment(Experiment("mlp", data=arrays), QUIET)
    experiment = Experiment("mlp", "c2", data="noise", epochs=1)
    images = open_images(arrays)
    model, metrics = run_experiment(experiment, QUIET, images=images)
    assert model.input_shape == (None, 16, 16, 1)
    assert metrics["options"]["train_size"] == 32

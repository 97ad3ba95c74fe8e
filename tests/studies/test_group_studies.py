import re

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.workspace import Workspace


@pytest.mark.usefixtures("mnist")
@pytest.mark.slow
def test_with_mnist_the_images_are_test_digits(drawn_from):
    study = sc.studies.study_group("c4", **drawn_from)
    task = sc.experiments.mnist_task("invariance", "c4", "test", 5, transformed=False)
    ((images, _),) = task
    np.testing.assert_array_equal(study.images, images.numpy()[..., 0])
    assert study.are_digits


def test_without_mnist_the_images_are_strokes(study):
    assert not study.are_digits
    np.testing.assert_array_equal(study.images, sc.data.draw_strokes(28))


def test_clones_are_those_of_the_folder(study):
    assert (study.exact.blocks, study.reduced.blocks) == (9, 7)
    assert sc.nmse(study.exact) < 1e-6 < sc.nmse(study.reduced)
    assert study.small.teacher.image_size == 10


def test_everything_that_learns_was_watched_to_the_end(study):
    assert list(study.curves) == [9, 8, 7, 5]
    floors = {9: 0, 8: 1 / 9, 7: 2 / 9, 5: 4 / 9}
    assert study.floors == pytest.approx(floors, abs=1e-6)
    last = len(study.curves[9])
    assert study.curves[9][-1] < 1e-6
    assert max(study.weights) == last
    # In the end a convolution, at all three positions.
    *_, after = study.deformations.values()
    np.testing.assert_allclose(after, np.stack([np.eye(9)] * 3), atol=1e-2)
    assert study.positions == ["corner", "edge", "centre"]


def test_rows_are_those_of_the_benchmark(study):
    (row,) = study.rows
    assert row.experiment.architecture == "gcnn"
    assert study.benchmark.name == "c4.csv"


@pytest.mark.usefixtures("without_mnist")
@pytest.mark.slow
def test_of_rotations_by_any_angle_fewer_blocks_are_exact(tmp_path):
    workspace = Workspace(tmp_path, verbose=0)
    study = sc.studies.study_group("c8", workspace, tmp_path, "local")
    assert list(study.curves) == [6, 5, 4, 3]
    assert (study.exact.blocks, study.reduced.blocks) == (6, 4)
    # Directions differ in variance: the floor is not 1 − B / k².
    for blocks, floor in study.floors.items():
        (least,) = {min(study.curves[blocks])}
        assert least == pytest.approx(floor, rel=0.2, abs=1e-6)
    *_, after = study.deformations.values()
    projection = sc.get_group("c8").kernel_matrices(3)[0]
    np.testing.assert_allclose(after, np.stack([projection] * 3), atol=1e-2)


@pytest.mark.usefixtures("without_mnist")
@pytest.mark.slow
def test_missing_clones_are_made_first(tmp_path, capsys):
    folder = tmp_path / "clones"
    sc.studies.study_group("t2", Workspace(folder), tmp_path / "none")
    found = {artifact.name for artifact in sc.artifacts.list_artifacts(folder)}
    assert found == {"t2-28x28-k3", "t2-28x28-k3-b7", "t2-10x10-k3"}
    assert re.search("Cloning what is missing in .*T", capsys.readouterr().err)


def test_bad_input_is_refused_before_anything_is_measured(tmp_path):
    with pytest.raises(ValueError, match="`group` must be t2, flip, cN"):
        sc.studies.study_group("c1", Workspace(tmp_path / "out"))
    (tmp_path / "c4.csv").write_text("a,b\n1,2\n")
    with pytest.raises(sc.ArtifactError, match="is not a table"):
        sc.studies.study_group("c4", Workspace(tmp_path / "out"), benchmark=tmp_path)
    assert not (tmp_path / "out").exists()


def test_groups_are_those_with_clones_or_a_benchmark(tmp_path, drawn_from):
    clones, benchmark = drawn_from["workspace"].clones, drawn_from["benchmark"]
    assert sc.studies.studied_groups(clones, tmp_path) == ["c4"]
    assert sc.studies.studied_groups(tmp_path, benchmark) == ["c4"]
    with pytest.raises(sc.ArtifactError, match="There is nothing to report"):
        sc.studies.studied_groups(tmp_path / "x", tmp_path)


@pytest.mark.usefixtures("without_mnist")
@pytest.mark.slow
def test_images_may_be_ones_own_in_colour(drawn_from, rng, tmp_path):
    x, y = rng.integers(0, 256, (20, 28, 28, 3), "uint8"), np.arange(20) % 2
    file = tmp_path / "cells.npz"
    np.savez(file, x_train=x, y_train=y, x_test=x[:4], y_test=y[:4])
    study = sc.studies.study_group("c4", **drawn_from, data=file)
    assert (study.data, study.are_digits) == ("cells.npz", False)
    assert study.images.shape == (4, 28, 28, 3)
    expected = sorted(map(tuple, (x[:4] / 255).reshape(4, -1)))
    shown = sorted(map(tuple, study.images.reshape(4, -1)))
    np.testing.assert_allclose(shown, expected, atol=1e-6)
    digits, _, maps, *_ = sc.figures.illustrate(study)
    assert digits.caption.startswith("Images of cells.npz")
    drawn = digits.figure.axes[0].images[0].get_array()
    np.testing.assert_allclose(drawn, study.images[0], atol=1e-6)
    assert "the mean of its colours" in maps.caption
    image, transformed = (maps.figure.axes[n].images[0].get_array() for n in (0, 5))
    np.testing.assert_allclose(image, study.images[0], atol=1e-6)
    np.testing.assert_allclose(transformed, np.rot90(study.images[0]), atol=1e-6)


def test_missing_images_are_refused_before_anything_is_cloned(tmp_path, capsys):
    workspace = Workspace(tmp_path / "exported")
    with pytest.raises(sc.DataError, match=r"none\.npz"):
        sc.studies.study_group("c4", workspace, data=tmp_path / "none.npz")
    assert capsys.readouterr().err == ""
    assert not (tmp_path / "exported").exists()


@pytest.mark.parametrize("group", ["c64", "d33"])
def test_groups_with_kernels_larger_than_images_are_refused(group, tmp_path):
    with pytest.raises(ValueError, match=f"at most 32 rotations.*group={group}"):
        sc.studies.study_group(group, Workspace(tmp_path))

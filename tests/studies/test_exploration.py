"""Clones to explore are made as they should be."""

import numpy as np
import pytest

import symclone_tf as sc


@pytest.mark.slow
def test_three_clones_are_exact_inexact_and_relaxed(tmp_path, offline):
    found = sc.studies.explore(
        "c4", 28, sc.workspace.Workspace(data_dir=tmp_path, verbose=0)
    )
    exact, fewer, relaxed = found.students.values()
    assert sc.nmse(exact) < 1e-10
    assert sc.nmse(fewer) == pytest.approx(4 / 9, rel=0.05)
    assert sc.nmse(relaxed) > 0.01
    assert found.accuracy > 0.75
    assert not found.are_digits


@pytest.mark.slow
def test_images_may_be_ones_own(tmp_path, rng):
    """In gray, the mean of their colours, and as many as there are."""
    x, y = rng.integers(0, 256, (30, 16, 16, 3), "uint8"), np.arange(30) % 2
    file = tmp_path / "cells.npz"
    np.savez(file, x_train=x, y_train=y, x_test=x[:5], y_test=y[:5])
    workspace = sc.workspace.Workspace(verbose=0)
    found = sc.studies.explore("c2", 16, workspace, data=file)
    assert (found.data, found.are_digits) == ("cells.npz", False)
    expected = sorted(map(tuple, (x[:5].mean(axis=-1) / 255).reshape(5, -1)))
    shown = sorted(map(tuple, found.images.reshape(5, -1)))
    np.testing.assert_allclose(shown, expected, atol=1e-6)
    page = sc.figures.write_explore_page(found, tmp_path / "explore.html")
    text = page.read_text("utf-8")
    assert "the first test images of cells.npz" in text
    assert '"kind": "Image"' in text


def test_missing_images_are_refused_before_anything_is_cloned(tmp_path, capsys):
    with pytest.raises(sc.DataError, match=r"none\.npz"):
        sc.studies.explore("c2", 16, data=tmp_path / "none.npz")
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_clones_may_be_regional(tmp_path, offline):
    workspace = sc.workspace.Workspace(data_dir=tmp_path, verbose=0)
    found = sc.studies.explore("c4", 16, workspace, "regional", (2, 3))
    for student in found.students.values():
        assert student.regions == (2, 3)
        assert student.local_weights.shape[:2] == (196, 9)
    assert sc.nmse(found.students["clone"]) < 1e-10
    assert sc.nmse(found.students["relaxed"]) > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("group", "kernel_size", "blocks", "fewer"), [("c8", 3, 6, 3), ("d12", 5, 17, 9)]
)
def test_rotations_by_any_angle_have_as_many_blocks_as_their_kernels_need(
    tmp_path, offline, group, kernel_size, blocks, fewer
):
    workspace = sc.workspace.Workspace(data_dir=tmp_path, verbose=0)
    found = sc.studies.explore(group, 16, workspace)
    assert found.teacher.kernel_size == kernel_size
    exact, inexact, relaxed = found.students.values()
    assert (exact.blocks, inexact.blocks) == (blocks, fewer)
    assert sc.nmse(exact) < 1e-8
    assert min(sc.nmse(inexact), 10 * sc.nmse(relaxed)) > 0.1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"student": "dense"}, "`student` must be one of local, regional"),
        ({"regions": 2}, "`regions` is not for `student` local"),
        ({"student": "regional", "regions": 27}, "must not exceed the 26×26"),
    ],
)
def test_accepted_students_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        sc.studies.explore(**options)


def test_accepted_sizes_and_groups_are_named():
    for size in (15, 65):
        with pytest.raises(ValueError, match=f"from 16 to 64 pixels.*size={size}"):
            sc.studies.explore(image_size=size)
    with pytest.raises(ValueError, match="`group` must be t2, flip, cN or dN"):
        sc.studies.explore("c1")
    with pytest.raises(ValueError, match=r"at most 16 rotations.*Received: group=d17"):
        sc.studies.explore("d17")

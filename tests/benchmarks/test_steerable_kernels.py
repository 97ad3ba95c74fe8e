"""What is measured of rotated kernels."""

import numpy as np
import pytest

from benchmarks import steerable_kernels
from symclone_tf.symmetry.steerable_basis import steerable_basis


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(steerable_kernels, "KERNELS", 3)
    monkeypatch.setattr(steerable_kernels, "IMAGES", 1)


@pytest.mark.usefixtures("few")
def test_quarter_turns_err_by_no_more_than_rounding():
    assert steerable_kernels.error(5, steerable_basis(5), 1 / 4) < 1e-6


@pytest.mark.usefixtures("few")
def test_a_basis_that_cannot_rotate_errs_much():
    """Single pixels as if none of them oscillated."""
    basis = np.eye(25), np.zeros(25, int)
    assert steerable_kernels.error(5, basis, 1 / 8) > 0.5


@pytest.mark.usefixtures("few")
def test_a_row_has_what_the_table_shows():
    row = steerable_kernels.measured(3, 0.45, 2.5)
    assert row["kept"] == 6 / 9
    assert 0 < row["22.5°"] < row["45°"] < 0.1
    page = steerable_kernels.report({"machine": {"cores": 2}, "rows": [row]})
    assert page.splitlines()[-1].startswith("| 3×3 | 0.45 | 2.5 | 67% |")


def test_images_are_smooth():
    images = steerable_kernels.smooth_images()
    steps = np.diff(images, axis=1).std() / images.std()
    assert 0.3 < steps < 0.8

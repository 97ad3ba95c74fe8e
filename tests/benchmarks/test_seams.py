"""Seams are jumps of the error at the borders of regions, and measured as such."""

import keras
import numpy as np
import pytest

from benchmarks import seams


def test_errors_that_jump_nowhere_have_no_seams(rng):
    errors = rng.normal(size=(64, 32, 32, 3))
    for regions in seams.REGIONS:
        assert seams.seam(errors, regions) == pytest.approx(1, abs=0.05)


def test_a_jump_at_the_borders_of_regions_is_found(rng):
    errors = 0.1 * rng.normal(size=(8, 32, 32, 3))
    errors[:, 16:] += 1  # at the only border of rows of 2×2 regions
    assert seams.seam(errors, 2) > 10
    assert seams.seam(errors, 4) > 3
    moved = np.roll(errors, 3, axis=1)
    assert seams.seam(moved[:, 4:-4, 4:-4], 2) < 1.5


def test_noise_is_least_in_the_middle(rng):
    clean = np.zeros((200, 32, 32, 1), "float32")
    deviation = seams.with_noise(clean, 0).std(axis=0)[..., 0]
    assert deviation[16, 16] == pytest.approx(seams.NOISE[0], rel=0.5)
    assert deviation[0, 0] == pytest.approx(seams.NOISE[1], rel=0.3)


@pytest.mark.slow
def test_the_network_returns_images_and_is_relaxed():
    model = seams.unet((16, 16, 3))
    images = np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype("float32")
    assert model(images).shape == images.shape
    options = {"student": "regional", "regions": 2}
    relaxed = seams._relaxed(model, options)
    np.testing.assert_allclose(relaxed(images), model(images), atol=1e-4)
    again = seams._relaxed(model, None)
    np.testing.assert_array_equal(again(images), model(images))
    assert isinstance(again, keras.Model)


def test_a_page_has_a_line_for_each_network():
    figures = {f"seams_{n}": 1.25 for n in seams.REGIONS}
    rows = [
        {"seed": seed, "network": name, "error": 0.01 + seed / 1000, **figures}
        for name in seams.NETWORKS
        for seed in (0, 1)
    ]
    text = seams.report(
        {"train_size": 4000, "epochs": [8, 4], "machine": {"cores": 2}, "rows": rows}
    )
    assert "4,000 images, 8 epochs, then 4 more" in text
    for name in seams.NETWORKS:
        assert f"| {name} | 0.01050 ± 0.00071 | 1.250 ± 0.000 |" in text

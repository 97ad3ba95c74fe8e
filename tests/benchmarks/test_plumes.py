"""Plumes obey their equations, and are rotated as they should be."""

import numpy as np
import pytest

from benchmarks import plumes

pytestmark = pytest.mark.slow


def test_flow_has_no_divergence():
    _, flow = plumes.plume(0.05, offset=2.0)
    assert np.abs(flow).max() > 0.1
    assert np.abs(plumes.divergence(flow)).max() < 1e-5


def test_divergence_is_that_of_a_known_flow():
    line = 2 * np.pi * np.arange(32) / 32
    flow = np.stack([np.sin(line)[:, None] + np.zeros(32), np.zeros((32, 32))])
    expected = 2 * np.pi / 32 * np.cos(line)[:, None] + np.zeros(32)
    np.testing.assert_allclose(plumes.divergence(flow), expected, atol=1e-12)


def test_projection_takes_away_gradients_and_nothing_else(rng):
    flow = plumes.without_divergence(rng.normal(size=(2, 32, 32)))
    np.testing.assert_allclose(plumes.without_divergence(flow), flow, atol=1e-12)
    line = 2 * np.pi * np.arange(32) / 32
    gradient = np.stack([np.cos(line)[:, None] + np.zeros(32), np.zeros((32, 32))])
    found = plumes.without_divergence(flow + gradient)
    np.testing.assert_allclose(found, flow, atol=1e-12)


def test_smoke_is_carried_by_whole_pixels_as_it_is(rng):
    smoke = rng.normal(size=(32, 32))
    flow = np.stack([np.full((32, 32), 2.0), np.full((32, 32), -3.0)])
    carried = plumes.carried(smoke, flow)
    np.testing.assert_allclose(carried, np.roll(smoke, (2, -3), (0, 1)), atol=1e-12)


def test_smoke_rises():
    smoke, flow = plumes.plume(0.05)
    height = -np.arange(32) @ smoke.sum(axis=2).T / smoke.sum(axis=(1, 2))
    assert np.all(np.diff(height)[3:] > 0)
    assert np.sum(smoke[-1] * flow[-1, 0]) < 0


@pytest.mark.parametrize("rotations", [1, 2, 3])
def test_rotated_forcing_gives_rotated_plumes(rotations):
    upright, flow = plumes.plume(0.03, 0, 3.0)
    rotated, rotated_flow = plumes.plume(0.03, rotations, 3.0)
    expected = np.rot90(upright, rotations, (-2, -1))
    np.testing.assert_allclose(rotated, expected, atol=1e-10)
    speed, rotated_speed = (
        np.hypot(*np.moveaxis(f, 1, 0)) for f in (flow, rotated_flow)
    )
    expected = np.rot90(speed, rotations, (-2, -1))
    np.testing.assert_allclose(rotated_speed, expected, atol=1e-10)


def test_rungs_match_less_and_less():
    errors = [plumes.data_error(plumes.rung(number, 2)) for number in range(10)]
    assert errors[0] < 1e-10
    assert np.all(np.diff(errors) > 0)
    assert errors[-1] == pytest.approx(0.9, abs=0.05)
    with pytest.raises(ValueError, match=r"from 0 to 9.*number=10"):
        plumes.rung(10)


def test_networks_are_asked_for_the_next_frame():
    smoke = plumes.rung(1, 2)
    inputs, targets = plumes.steps(smoke, 4)
    assert inputs.shape == targets.shape == (2 * 4 * 36, 32, 32, 1)
    np.testing.assert_array_equal(inputs[1, ..., 0], smoke[0, 0, 1].astype("f4"))
    np.testing.assert_array_equal(targets[1, ..., 0], smoke[0, 0, 5].astype("f4"))
    np.testing.assert_array_equal(inputs[4], targets[0])

import numpy as np
import pytest

from symclone_tf.symmetry import PermutationGroup, cyclic, icosahedron, symmetric
from symclone_tf.symmetry.equivariance import equivariance_error
from symclone_tf.teachers import OrbitTeacher


def test_a_function_that_breaks_translations_has_an_error(rng):
    images = rng.normal(size=(2, 9, 9, 1))
    assert equivariance_error(lambda x: x, "t2", images) == 0
    ramp = np.linspace(0, 1, 9)[None, :, None, None]
    assert equivariance_error(lambda x: x * ramp, "t2", images) > 0.1


def test_border_is_ignored_under_t2(rng):
    def wrong_at_the_edge(x):
        y = x.copy()
        y[:, 0] = y[:, -1] = y[:, :, 0] = y[:, :, -1] = 1
        return y

    images = rng.normal(size=(2, 9, 9, 1))
    assert equivariance_error(wrong_at_the_edge, "t2", images) > 0.1
    assert equivariance_error(wrong_at_the_edge, "t2", images, border=1) == 0


def test_error_is_the_largest_over_the_group(rng):
    """A function that commutes with rotations by 180°, and not with those by 90°."""
    images = rng.normal(size=(2, 6, 6, 1))
    symmetrised = lambda x: x + np.rot90(x, 2, axes=(1, 2))  # noqa: E731
    assert equivariance_error(symmetrised, "c4", images) < 1e-6
    stripes = np.where(np.arange(6) < 3, 1, -1)[None, :, None, None] ** 2
    assert equivariance_error(lambda x: x * stripes, "c4", images) == 0
    edges = np.zeros((1, 6, 6, 1))
    edges[:, [0, -1]] = 1  # invariant under the rotation by 180° only
    assert equivariance_error(lambda x: x * edges, "c2", images) < 1e-6
    assert equivariance_error(lambda x: x * edges, "c4", images) > 0.5


def test_rectangles_are_measured_under_groups_that_keep_them(rng):
    images = rng.normal(size=(2, 4, 7, 1))
    symmetrised = lambda x: x + np.rot90(x, 2, axes=(1, 2))  # noqa: E731
    assert equivariance_error(symmetrised, "c2", images) < 1e-6
    ramp = np.arange(7.0)[:, None]
    found = equivariance_error(lambda x: x * ramp, "c2", images)
    change = np.rot90(images, 2, (1, 2)) * (ramp - ramp[::-1])
    expected = np.linalg.norm(change) / np.linalg.norm(images * ramp)
    assert found == pytest.approx(expected)
    with pytest.raises(ValueError, match="C4 takes square images only"):
        equivariance_error(symmetrised, "c4", images)


def test_error_is_relative(rng):
    images = rng.normal(size=(4, 6, 6, 1))
    small = lambda x: 1e-6 * np.square(x) * np.arange(6)[None, :, None, None]  # noqa: E731
    large = lambda x: 1e6 * small(x)  # noqa: E731
    assert equivariance_error(small, "c4", images) == pytest.approx(
        equivariance_error(large, "c4", images)
    )


def test_vectors_are_expected_to_be_invariant(rng):
    images = rng.normal(size=(4, 6, 6, 1))
    total = lambda x: np.sum(x, axis=(1, 2))  # noqa: E731
    corner = lambda x: x[:, 0, 0]  # noqa: E731
    assert equivariance_error(total, "c4", images) < 1e-6
    assert equivariance_error(corner, "c4", images) > 0.5


def test_zero_outputs_are_equivariant(rng):
    assert equivariance_error(np.zeros_like, "c4", rng.normal(size=(1, 4, 4, 1))) == 0


def test_outputs_that_are_zero_only_without_a_transformation_are_an_infinite_error():
    images = np.zeros((1, 4, 4, 1))
    images[:, 0] = 1
    lower_half = np.arange(4)[None, :, None, None] > 1
    assert equivariance_error(lambda x: x * lower_half, "c2", images) == np.inf


def test_many_translations_are_represented_by_some_including_the_farthest(rng):
    images = np.zeros((1, 40, 40, 1))
    images[:, 18:22, 18:22] = 1
    far = np.maximum(np.abs(np.arange(40) - 19.5) - 15, 0)[None, :, None, None]
    calls = []

    def wrong_at_the_edge(x):
        calls.append(1)
        return x + far * np.max(x)

    assert equivariance_error(wrong_at_the_edge, "t2", images, max_translation=15) > 0.5
    assert len(calls) == 13**2


def test_nothing_to_compare_is_refused(rng):
    message = "No part of the outputs is left.*max_translation=2, border=2"
    with pytest.raises(ValueError, match=message):
        equivariance_error(lambda x: x, "t2", rng.normal(size=(1, 4, 4, 1)), border=2)


@pytest.mark.parametrize("size", [2, 3])
def test_translations_beyond_the_image_are_ignored(rng, size):
    images = rng.normal(size=(2, size, size, 1))
    assert equivariance_error(lambda x: x, "t2", images, max_translation=5) == 0
    ramp = np.arange(1.0, size + 1)[None, :, None, None]
    assert equivariance_error(lambda x: x * ramp, "t2", images, max_translation=5) > 0.1


def test_permutations_are_represented_by_generators_and_random_words(rng):
    signals = rng.normal(size=(3, 200, 2))
    calls = []

    def less_the_mean(x):
        calls.append(1)
        return x - x.mean(axis=1, keepdims=True)

    assert equivariance_error(less_the_mean, symmetric(200), signals) < 1e-12
    assert len(calls) == 1 + 2 + 16  # and not 200!
    ramp = np.arange(200.0)[:, None]
    assert equivariance_error(lambda x: x * ramp, cyclic(200), signals) > 0.1


def test_outputs_without_points_have_to_be_invariant(rng):
    signals = rng.normal(size=(3, 8, 2))
    assert equivariance_error(lambda x: x.mean(axis=1), cyclic(8), signals) < 1e-12
    assert equivariance_error(lambda x: x[:, 0], cyclic(8), signals) > 0.1


def test_arrays_of_other_points_are_refused(rng):
    message = (
        r"8 points takes arrays of shape \(batch, 8, channels\). Received: .*\(3, 9"
    )
    with pytest.raises(ValueError, match=message):
        equivariance_error(lambda x: x, cyclic(8), rng.normal(size=(3, 9, 2)))
    with pytest.raises(ValueError, match=r"Received: an array of shape \(3, 7, 2\)"):
        equivariance_error(lambda x: x[:, 1:], cyclic(8), rng.normal(size=(3, 8, 2)))


def test_the_same_group_may_act_on_other_points_of_the_outputs(rng):
    signals = rng.normal(size=(3, 12, 2))
    corners, faces = icosahedron(12), icosahedron(20)
    kernel = rng.normal(size=(4, 2, 5))
    teacher = OrbitTeacher(corners, faces)

    def layer(x):
        return teacher(x, kernel)

    assert equivariance_error(layer, corners, signals, group_out=faces) < 1e-10
    exchanged = PermutationGroup(faces.generators[::-1])
    assert equivariance_error(layer, corners, signals, group_out=exchanged) > 0.1

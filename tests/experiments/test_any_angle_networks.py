"""Networks of rotations by any angle."""

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.experiments.image_networks import image_network
from symclone_tf.experiments.network_layouts import network_students

from cases import later
from networks import features_of


def smooth_images(rng, canvas, count=2):
    """Random waves that vanish towards the edge of the disc."""
    axis = np.linspace(-1, 1, canvas)
    rows, columns = np.meshgrid(axis, axis, indexing="ij")
    window = np.clip(1 - rows**2 - columns**2, 0, None) ** 2
    waves = rng.normal(size=(count, 3, 3))
    images = [
        sum(np.cos(3 * (a * rows + b * columns) + c) for a, b, c in three)
        for three in waves
    ]
    return (window * np.stack(images))[..., None].astype("float32")


def largest_change(model, group, images):
    """Of the features, under every element that interpolates, and under others."""
    before = features_of(model, images)
    changes = {True: [], False: []}
    for element, plane in enumerate(group.plane_elements):
        change = features_of(model, group.transform(images, element)) - before
        relative = np.linalg.norm(change) / np.linalg.norm(before)
        changes[plane.permutes_pixels].append(relative)
    return max(changes[False]), max(changes[True])


@pytest.mark.parametrize(
    ("group", "canvas"), [("c8", 29), later("d3", 29), later("c12", 40)]
)
def test_networks_of_rotations_by_any_angle_change_by_what_interpolation_loses(
    rng, group, canvas
):
    images, turned = smooth_images(rng, canvas), sc.get_group(group)
    model = image_network("gcnn", group, canvas=canvas, seed=0)
    change, exact = largest_change(model, turned, images)
    assert exact < 1e-5
    assert change < 0.04
    plain = image_network("cnn", group, canvas=canvas, seed=0)
    assert largest_change(plain, turned, images)[0] > 3 * change


@pytest.mark.slow
def test_clones_of_rotations_by_any_angle_make_the_network_of_the_group(rng):
    students = [
        sc.clone(wanted.teacher, student=wanted, solver="closed-form", verbose=0)[0]
        for wanted in network_students("c3", 17, student="local", seed=0)
    ]
    model = image_network("cloned", "c3", canvas=17, students=students, seed=0)
    images = smooth_images(rng, 17)
    expected = image_network("gcnn", "c3", canvas=17, seed=0)(images)
    np.testing.assert_allclose(model(images), expected, atol=1e-4)
    fused = sc.fuse_network(model).model
    np.testing.assert_allclose(fused(images), model(images), atol=1e-4)

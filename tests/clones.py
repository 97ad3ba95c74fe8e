"""Students to test with, without training them."""

import numpy as np

import symclone_tf as sc


def dense(
    group, lifting=True, image_size=28, kernel_size=3, padding="valid", **options
):
    """A Dense student of a convolution, not yet built."""
    teacher = sc.ConvTeacher(group, image_size, kernel_size, lifting, padding)
    return sc.DenseStudent(teacher, **options)


def solved(group="c4", lifting=True, image_size=6, **options):
    return sc.clone(
        group, lifting, image_size, solver="closed-form", verbose=0, **options
    )[0]


def draw(rng, student, channels=2, batch=4):
    image, _ = student.input_shapes((channels,))
    return rng.normal(size=(batch, *image)).astype("float32")


def relative(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)

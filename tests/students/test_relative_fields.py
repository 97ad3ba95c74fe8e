import numpy as np
import pytest

from symclone_tf.students.receptive_fields import receptive_fields_of
from symclone_tf.students.relative_fields import (
    gather_receptive_fields,
    relative_receptive_field,
)
from symclone_tf.teachers import ConvTeacher, Teacher

from toys import Web


def gathered(teacher, inputs):
    """By a loop over output positions and their receptive fields."""
    fields = receptive_fields_of(teacher)
    batch, _, maps = inputs.shape
    expected = np.zeros((batch, *fields.shape, maps))
    for output, field in enumerate(fields):
        for entry, position in enumerate(field):
            if position >= 0:
                expected[:, output, entry] = inputs[:, position]
    return expected


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_slices_gather_the_same_as_indices(rng, padding, kernel_size):
    teacher = ConvTeacher("t2", 7, kernel_size, padding=padding)
    inputs = rng.normal(size=(2, 49, 3)).astype("float32")
    assert relative_receptive_field(teacher) is not None
    np.testing.assert_array_equal(
        gather_receptive_fields(teacher, inputs), gathered(teacher, inputs)
    )


class Strided(Teacher):
    """Receptive fields of 2×3 pixels, two rows and one column apart, from a corner."""

    positions_in, positions_out, representation_in, representation_out = 30, 16, 1, 1
    input_shape, kernel_shape, output_shape = (5, 6), (6,), (4, 4)

    @property
    def receptive_fields(self):
        rows, columns = np.meshgrid(range(4), range(4), indexing="ij")
        rows = (2 * rows - 2)[..., None] + np.repeat([0, 1], 3)
        columns = columns[..., None] + np.tile([0, 1, 2], 2)
        known = (rows >= 0) & (rows < 5)
        return np.where(known, 6 * rows + columns, -1).reshape(16, 6)


def test_strides_are_found(rng):
    field = relative_receptive_field(Strided())
    assert field.strides == (2, 1)
    assert field.padding == ((2, 1), (0, 0))
    inputs = rng.normal(size=(2, 30, 3)).astype("float32")
    np.testing.assert_array_equal(
        gather_receptive_fields(Strided(), inputs), gathered(Strided(), inputs)
    )


def test_irregular_receptive_fields_are_gathered_by_index(rng):
    assert relative_receptive_field(Web()) is None
    inputs = rng.normal(size=(2, 6, 3)).astype("float32")
    np.testing.assert_array_equal(
        gather_receptive_fields(Web(), inputs), gathered(Web(), inputs)
    )

"""Teachers for tests."""

import numpy as np

import symclone_tf as sc


class WithoutReceptiveFields(sc.ConvTeacher):
    """A convolution that declares no receptive fields."""

    receptive_fields = receptive_field_size = None


class Web(sc.Teacher):
    """A teacher of six positions whose receptive fields are all different."""

    positions_in, positions_out, representation_in, representation_out = 6, 4, 1, 1
    input_shape, kernel_shape, output_shape = (6,), (3,), (4,)
    receptive_fields = np.array([[0, 3, -1], [5, 1, 0], [2, 4, 5], [3, 1, -1]])

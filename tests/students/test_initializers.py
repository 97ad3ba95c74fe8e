import numpy as np

from symclone_tf.students.initializers import FirstElementOrthogonal


def test_first_element_is_orthogonal_and_all_others_are_zero():
    matrix = np.reshape(FirstElementOrthogonal(4, seed=0)((9, 36)), (9, 9, 4))
    np.testing.assert_allclose(
        matrix[:, :, 0] @ matrix[:, :, 0].T, np.eye(9), atol=1e-5
    )
    assert not np.any(matrix[:, :, 1:])

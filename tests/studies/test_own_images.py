"""Images of one's own come in their colours, resized, and as many as there are."""

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.studies.own_images import own_images
from symclone_tf.workspace import Workspace


@pytest.fixture
def file(tmp_path):
    x = np.zeros((20, 32, 32, 3), "uint8")
    x[..., 0], x[..., 1] = 255, 51
    file = tmp_path / "red.npz"
    np.savez(file, x_train=x, y_train=np.arange(20) % 2)
    return file


@pytest.mark.parametrize(("split", "there"), [("train", 16), ("test", 4)])
def test_colours_and_numbers_are_those_of_the_source(file, split, there):
    found = own_images(Workspace(), file, 16, 100, split)
    assert found.shape == (there, 16, 16, 3)
    colour = np.broadcast_to([1, 0.2, 0], found.shape)
    np.testing.assert_allclose(found, colour, atol=1e-6)
    assert own_images(Workspace(), file, 16, 3, split).shape[0] == 3


def test_missing_data_is_refused(tmp_path):
    with pytest.raises(sc.DataError, match=r"none\.npz"):
        own_images(Workspace(), tmp_path / "none.npz", 16, 3)

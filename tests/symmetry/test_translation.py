import numpy as np

from symclone_tf.symmetry.translation import translated


def test_images_are_translated_down_and_right():
    image = np.zeros((1, 5, 5, 1))
    image[0, 1, 1] = 1
    assert np.argwhere(translated(image, (2, -1))[0, ..., 0]).tolist() == [[3, 0]]
    assert not translated(image, (9, 0)).any()

"""The constraint that keeps shares between 0 and 1."""

import keras
import numpy as np

from symclone_tf.layers.content_shares import ContentShare


def test_shares_are_between_none_and_all():
    found = ContentShare()(keras.ops.convert_to_tensor([-0.5, 0.0, 0.25, 1.5]))
    np.testing.assert_array_equal(found, [0, 0, 0.25, 1])


def test_it_is_read_from_a_file():
    written = keras.saving.serialize_keras_object(ContentShare())
    again = keras.saving.deserialize_keras_object(written)
    assert isinstance(again, ContentShare)

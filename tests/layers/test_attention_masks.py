"""What attention may not attend to."""

import keras
import numpy as np
import pytest

from symclone_tf.layers import ClonedAttention
from symclone_tf.layers.attention_masks import (
    combined_mask,
    masked_positions,
    masked_softmax,
)


def test_masks_are_combined_as_multi_head_attention_combines_them(rng):
    rows = np.array([[True, True, False], [True, False, True]])
    pairs = rng.uniform(size=(2, 3, 3)) > 0.4
    found = np.asarray(combined_mask(3, pairs, rows, True))
    expected = pairs & rows[:, None] & (np.tri(3) > 0)
    np.testing.assert_array_equal(found[:, 0], expected)
    assert combined_mask(3, None, None, False) is None


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4), (1, 1, 1, 3, 3)])
def test_a_mask_of_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"must have shape \(3, 3\), \(batch, 3, 3\)"):
        combined_mask(3, np.ones(shape), None, False)


def test_tokens_that_may_attend_to_nothing_attend_to_nothing(rng):
    mask = np.array([[True, False], [False, False]])[None, None]
    scores = rng.normal(size=(1, 1, 2, 2)).astype("float32")
    found = np.asarray(masked_softmax(scores, mask))[0, 0]
    np.testing.assert_allclose(found, [[1, 0], [0, 0]])
    half = keras.ops.full((1, 2, 2), 0.5)
    alike = np.asarray(masked_positions(half, keras.ops.convert_to_tensor(mask), 2))
    np.testing.assert_allclose(alike[0, 0], [[1, 0], [0, 0]])


def test_masks_that_keras_attaches_are_taken(rng, students):
    tokens = rng.normal(size=(2, 12, 4)).astype("float32")
    tokens[:, 7:] = 0
    images = keras.Input((12, 4))
    masked = keras.layers.Masking()(images)
    layer = ClonedAttention(students["t2"], 2, content_share=0.5)
    model = keras.Model(images, layer(masked, masked))
    expected = layer(tokens, query_mask=np.any(tokens, axis=-1))
    np.testing.assert_allclose(model(tokens), expected, atol=1e-6)
    assert np.max(np.abs(layer(tokens) - expected)) > 1e-2

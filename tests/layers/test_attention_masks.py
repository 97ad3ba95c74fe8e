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
    columns = np.array([[False, True, True], [True, True, True]])
    pairs = rng.uniform(size=(2, 3, 3)) > 0.4
    found = np.asarray(combined_mask(3, pairs, rows, [columns, None], True))
    expected = pairs & rows[:, :, None] & columns[:, None] & (np.tri(3) > 0)
    np.testing.assert_array_equal(found[:, 0], expected)
    assert combined_mask(3) is None


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4), (1, 1, 1, 3, 3)])
def test_a_mask_of_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"must have shape \(3, 3\), \(batch, 3, 3\)"):
        combined_mask(3, np.ones(shape))


@pytest.mark.parametrize(("zero", "expected"), [(True, 0.0), (False, 0.5)])
def test_tokens_that_may_attend_to_nothing_are_as_in_keras(rng, zero, expected):
    mask = np.array([[True, False], [False, False]])[None, None]
    scores = keras.ops.convert_to_tensor(rng.normal(size=(1, 1, 2, 2)), "float32")
    found = np.asarray(masked_softmax(scores - 1e5, mask, zero))[0, 0]
    np.testing.assert_allclose(found, [[1, 0], [expected, expected]])
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
    kept = np.any(tokens, axis=-1)
    expected = layer(tokens, query_mask=kept, value_mask=kept)
    np.testing.assert_allclose(model(tokens), expected, atol=1e-6)
    assert np.max(np.abs(layer(tokens) - expected)) > 1e-2
    pairs = np.ones((2, 12, 12), bool)
    both = keras.Model(images, layer(masked, attention_mask=pairs))
    np.testing.assert_allclose(both(tokens), expected, atol=1e-6)

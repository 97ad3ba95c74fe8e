"""The heads of attention that begins as a convolution."""

import numpy as np

from symclone_tf.layers import ClonedAttention


def test_a_class_token_attends_to_all_patches_alike(students):
    layer = ClonedAttention(students["t2"], 2, prefix_tokens=1)
    layer.build((None, 13, 4))
    found = np.array(layer.position_attention())
    assert found.shape == (9, 13, 13)
    np.testing.assert_allclose(found[:, 0, 1:], 1 / 12, rtol=1e-6)
    # By position, no patch attends to it; the middle head attends to its own patch.
    assert not found[:, :, 0].any()
    np.testing.assert_allclose(found[4, 1:, 1:], np.eye(12), atol=1e-6)


def test_scores_are_those_of_what_heads_attend_to(rng, students):
    layer = ClonedAttention(students["t2"], 2, prefix_tokens=1, content_share=0.25)
    tokens = rng.normal(size=(2, 13, 4)).astype("float32")
    _, scores = layer(tokens, return_attention_scores=True)
    heads, content = layer.heads_and_content(tokens)
    position = np.array(layer.position_attention())
    np.testing.assert_allclose(scores, 0.25 * content + 0.75 * position, atol=1e-6)
    kernel = np.reshape(layer.value_kernel, (9, 4, 2))
    values = np.einsum("nmc,hcd->nhmd", tokens, kernel)
    expected = np.einsum("nhpm,nhmd->nphd", scores, values)
    np.testing.assert_allclose(heads, expected, atol=1e-5)


def test_half_precision_comes_near(rng, students):
    layer = ClonedAttention(students["c4"], 2, content_share=0.5)
    tokens = rng.normal(size=(2, 16, 8)).astype("float32")
    expected = layer(tokens)
    half = ClonedAttention(students["c4"], 2, content_share=0.5, dtype="mixed_float16")
    half.build(tokens.shape)
    half.set_weights(layer.get_weights())
    found = np.asarray(half(tokens))
    assert found.dtype == "float16"
    np.testing.assert_allclose(found, expected, atol=5e-3)

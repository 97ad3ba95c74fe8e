"""Transformers whose attention is replaced: what is measured, and reported."""

import keras

from benchmarks import hub_attention


def transformer():
    images = keras.Input((8, 8, 3))
    patches = keras.layers.Conv2D(8, 2, strides=2)(images)
    tokens = keras.layers.Reshape((16, 8))(patches)
    tokens = keras.layers.ZeroPadding1D((1, 0))(tokens)
    outputs = keras.layers.MultiHeadAttention(6, 2)(tokens, tokens)
    return keras.Model(images, outputs)


def test_a_transformer_is_measured_and_reported():
    row = {"network": "some", **hub_attention.measure(transformer())}
    assert row["replaced"] == 1
    assert row["heads"] == "2×3 of 4×4"
    assert row["prefix_tokens"] == 1
    assert row["difference"] < 1e-5
    assert row["file_difference"] == 0
    assert row["losses"][-1] < row["losses"][0]
    other = {"network": "another", **hub_attention.measure(plain())}
    text = hub_attention.report({"machine": {"cores": 2}, "rows": [row, other]})
    assert "| some | 1 | 2×3 of 4×4 | 1 |" in text
    assert "| another | none: The model has no keras.layers.MultiHeadAtt" in text


def plain():
    return keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 3)])

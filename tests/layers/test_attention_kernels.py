"""Attention that has the weights of other layers."""

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.layers import ClonedAttention
from symclone_tf.layers.attention_kernels import why_other


@pytest.fixture
def attention(rng):
    # On JAX, Keras 3.15.1 takes no other `value_dim`.
    other = 2 if keras.config.backend() == "jax" else 3
    layer = keras.layers.MultiHeadAttention(9, 2, value_dim=other, output_shape=4)
    layer.build((None, 12, 5), (None, 12, 5))
    for weight in layer.weights:
        weight.assign(rng.normal(size=weight.shape))
    return layer


@pytest.mark.parametrize("sharpness", [20.0, 1.5])
def test_content_alone_is_what_the_attention_computes(rng, attention, sharpness):
    teacher = sc.ConvTeacher("t2", (4, 3), padding="same")
    student = sc.students.RelativeAttentionStudent(teacher, sharpness=sharpness, seed=0)
    student, _ = sc.clone(teacher, student=student, solver="closed-form", verbose=0)
    layer = ClonedAttention.from_attention(attention, student, content_share=1)
    tokens = rng.normal(size=(2, 12, 5)).astype("float32")
    mask = rng.uniform(size=(2, 12, 12)) > 0.3
    expected = attention(tokens, tokens)
    np.testing.assert_allclose(layer(tokens, tokens), expected, atol=1e-4)
    expected = attention(tokens, tokens, attention_mask=mask)
    found = layer(tokens, tokens, attention_mask=mask)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("dropout", [0.0, 0.1])
@pytest.mark.parametrize("given", ["query_mask", "value_mask", "key_mask", "attached"])
def test_masks_are_those_of_the_attention(rng, students, dropout, given):
    tokens = rng.normal(size=(2, 12, 4)).astype("float32")
    tokens[:, 8:] = 0
    inputs, kept = keras.Input((12, 4)), keras.Input((12,), dtype="bool")
    masked = keras.layers.Masking()(inputs) if given == "attached" else inputs
    options = {} if given == "attached" else {given: kept}
    attention = keras.layers.MultiHeadAttention(9, 2, dropout=dropout, use_bias=False)
    expected = keras.Model([inputs, kept], attention(masked, masked, **options))
    make = ClonedAttention.from_attention
    layer = make(attention, students["t2"], content_share=1)
    found = keras.Model([inputs, kept], layer(masked, masked, **options))
    arguments = [tokens, np.any(tokens, axis=-1)]
    # Keras 3.15.1 ignores a `query_mask` that is passed, of tokens that may not attend.
    kept = np.s_[:, :8] if given == "query_mask" else np.s_[:]
    pair = (np.asarray(each(arguments))[kept] for each in (found, expected))
    np.testing.assert_allclose(*pair, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_weights_of_other_types_are_taken(rng, dtype):
    if (keras.config.backend(), dtype) == ("jax", "float64"):
        pytest.skip("JAX has none, unless it is told to")
    attention = keras.layers.MultiHeadAttention(9, 2, dtype=dtype)
    attention.build((None, 12, 4), (None, 12, 4))
    teacher = sc.ConvTeacher("t2", (4, 3), padding="same")
    student = sc.students.RelativeAttentionStudent(teacher, seed=0, dtype="float32")
    sc.cloning.solve(student)
    layer = ClonedAttention.from_attention(attention, student, content_share=1)
    tokens = keras.ops.cast(rng.normal(size=(2, 12, 4)), dtype)
    pair = [
        np.asarray(keras.ops.cast(each(tokens, tokens), "float32"))
        for each in (layer, attention)
    ]
    np.testing.assert_allclose(*pair, atol={"float64": 1e-6}.get(dtype, 0.05))


def test_position_alone_is_the_convolution_of_values_and_outputs(
    rng, attention, students
):
    layer = ClonedAttention.from_attention(attention, students["t2"])
    values, outputs = (
        np.asarray(part.kernel)
        for part in (attention.value_dense, attention.output_dense)
    )
    kernel = np.einsum("chv,hvo->hco", values, outputs).reshape(3, 3, 5, 4)
    images = rng.normal(size=(2, 4, 3, 5)).astype("float32")
    expected = keras.ops.conv(images, kernel, padding="same") + layer.bias
    np.testing.assert_allclose(layer(images), expected, atol=1e-4)


def test_another_number_of_heads_is_refused(students):
    attention = keras.layers.MultiHeadAttention(8, 2)
    attention.build((None, 12, 5), (None, 12, 5))
    with pytest.raises(ValueError, match="must be of T\\(2\\) and have 8 heads"):
        ClonedAttention.from_attention(attention, students["t2"])


@pytest.mark.parametrize(
    ("options", "shape", "reason"),
    [
        ({}, (None, 12, 4), None),
        ({}, (None, 4, 3, 4), None),
        ({"kernel_regularizer": "l2"}, (None, 12, 4), "it has a kernel_regularizer"),
        ({"use_gate": True}, (None, 12, 4), "it has a use_gate"),
        ({"output_shape": (2, 3)}, (None, 12, 4), "several axes of channels"),
        ({"attention_axes": 2}, (None, 4, 3, 4), "along some axes alone"),
    ],
)
def test_what_it_does_not_compute_is_named(students, options, shape, reason):
    attention = keras.layers.MultiHeadAttention(2, 2, **options)
    attention.build(shape, shape)
    found = why_other(attention)
    if reason is None:
        assert found is None
        return
    assert reason in found
    with pytest.raises(ValueError, match=f"cannot be replaced: .*{reason}"):
        ClonedAttention.from_attention(attention, students["t2"])


def test_layers_that_have_no_such_weights_are_refused(students, attention):
    make = ClonedAttention.from_attention
    with pytest.raises(TypeError, match="Received: attention of type Dense"):
        make(keras.layers.Dense(2), students["t2"])
    with pytest.raises(ValueError, match="must be built: call it once"):
        make(keras.layers.MultiHeadAttention(9, 2), students["t2"])
    with pytest.raises(ValueError, match="`use_bias` is that of the attention"):
        make(attention, students["t2"], use_bias=False)


def test_weights_that_it_would_not_keep_are_named(attention):
    attention.query_dense.trainable = False
    assert "some of its projections are trainable" in why_other(attention)
    attention.query_dense.trainable = True
    assert why_other(attention) is None
    attention.query_dense.enable_lora(2)
    assert "it has LoRA weights" in why_other(attention)


def test_quantized_weights_are_named():
    attention = keras.layers.MultiHeadAttention(2, 2)
    attention.build((None, 12, 4), (None, 12, 4))
    attention.query_dense.quantize("int8")
    assert why_other(attention) == "its weights are quantized"

"""Transformers whose attention can be local."""

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.layers import ClonedAttention


@keras.saving.register_keras_serializable(package="tests")
class AttentionBlock(keras.layers.Layer):
    """A transformer's block, which makes its attention when it is built."""

    def __init__(self, heads, **kwargs):
        super().__init__(**kwargs)
        self.heads = heads

    def build(self, shape):
        self.norm = keras.layers.LayerNormalization()
        self.norm.build(shape)
        self.mha = keras.layers.MultiHeadAttention(self.heads, 2, name="mha")
        self.mha.build(shape, shape)

    def call(self, tokens, attention_mask=None):
        normal = self.norm(tokens)
        return tokens + self.mha(normal, normal, attention_mask=attention_mask)

    def get_config(self):
        return {**super().get_config(), "heads": self.heads}


def transformer(rng, heads=6, prefix=2, size=(8, 12), patch=2):
    images = keras.Input((*size, 3))
    patches = keras.layers.Conv2D(12, patch, strides=patch)(images)
    tokens = keras.layers.Reshape((-1, 12))(patches)
    tokens = keras.layers.ZeroPadding1D((prefix, 0))(tokens)
    for name in ("first", "second"):
        tokens = AttentionBlock(heads, name=name)(tokens)
    model = keras.Model(images, keras.layers.GlobalAveragePooling1D()(tokens))
    for weight in model.weights:
        weight.assign(weight + 0.2 * rng.normal(size=weight.shape))
    model.compile("adam", "mse")
    return model


def attention_in(model):
    return [model.get_layer(name).mha for name in ("first", "second")]


def test_content_alone_computes_what_the_network_did(rng, tmp_path):
    model = transformer(rng)
    images = rng.normal(size=(4, 8, 12, 3)).astype("float32")
    before = model.get_weights()
    local, report = sc.networks.replace_attention(model, content_share=1, verbose=0)
    np.testing.assert_allclose(local(images), model(images), atol=1e-5)
    assert report.difference < 1e-5
    taken = "2 tokens are taken as before 4×6 patches"
    assert report.notes == (f"Of first/mha, second/mha: {taken}.",)
    assert [row.name for row in report.layers] == ["first/mha", "second/mha"]
    assert max(row.difference for row in report.layers) < 1e-5
    for layer in attention_in(local):
        assert isinstance(layer, ClonedAttention)
        assert layer.prefix_tokens == 2
        assert layer.student.teacher.kernel_shape == (2, 3)
        assert layer.student.sizes[0] == (4, 6)
    for weight, value in zip(model.get_weights(), before):
        np.testing.assert_array_equal(weight, value)
    local.save(tmp_path / "local.keras")
    again = keras.saving.load_model(tmp_path / "local.keras")
    np.testing.assert_array_equal(again(images), local(images))


def test_heads_begin_local_and_open_by_training(rng):
    model = transformer(rng)
    local, report = sc.networks.replace_attention(model, verbose=0)
    first, second = attention_in(local)
    assert not np.any(first.content_shares)
    assert first.student is not second.student
    assert report.layers[0].difference > 0.1
    images = rng.normal(size=(4, 8, 12, 3)).astype("float32")
    local.fit(images, np.ones((4, 12)), epochs=3, verbose=0)
    assert np.max(first.content_shares) > 0
    # Targets of rows and columns, mixing, encoder and shares; no bias of keys and
    # values.
    added = 6 * (4 + 6) + 2 * 36 + 6 - 2 * 6 * 2
    assert {row.weights - row.weights_before for row in report.layers} == {added}


def test_one_layer_and_its_kernel_can_be_chosen(rng):
    model = transformer(rng)
    options = {"kernel_size": (3, 2), "layers": "second", "symmetry": "anchored"}
    local, report = sc.networks.replace_attention(model, **options, verbose=0)
    assert [row.name for row in report.layers] == ["second/mha"]
    first, second = attention_in(local)
    assert type(first) is keras.layers.MultiHeadAttention
    assert second.student.teacher.kernel_shape == (3, 2)
    assert second.symmetry == "anchored"


def test_maps_need_no_tokens(rng):
    images = keras.Input((4, 5, 6))
    outputs = keras.layers.MultiHeadAttention(4, 2)(images, images)
    model = keras.Model(images, outputs)
    local, report = sc.networks.replace_attention(model, 1, verbose=0)
    values = rng.normal(size=(2, 4, 5, 6)).astype("float32")
    np.testing.assert_allclose(local(values), model(values), atol=1e-5)
    assert report.layers[0].difference < 1e-5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": 3}, "`layers` must be a name, several, or a callable"),
        ({"layers": lambda _: False}, "chooses no attention.*first/mha"),
        ({"key_dim": 3, "name": "a"}, "Received: key_dim, name"),
        ({"layers": "third"}, r"no attention in layers named \['third'\].*first/mha"),
        ({"grid": (5, 6)}, "its 26 tokens are no grid of 5×6"),
        ({"kernel_size": 3}, "6 heads, and a kernel of 3×3 has 9 positions"),
        ({"content_share": 2}, "`content_share` must be a number from 0 to 1"),
        ({"grid": 0}, "`grid` must be a positive integer"),
        ({"symmetry": "thawed"}, "`symmetry` must be one of"),
        ({"anchor": "transformed-inputs"}, "take decoupled-l2-sp"),
    ],
)
def test_what_does_not_fit_is_refused(rng, options, message):
    with pytest.raises(ValueError, match=message):
        sc.networks.replace_attention(transformer(rng), verbose=0, **options)


def test_a_grid_is_asked_for_where_no_convolution_tells(rng):
    tokens = keras.Input((12, 4))
    attention = keras.layers.MultiHeadAttention(4, 2, name="attention")
    model = keras.Model(tokens, attention(tokens, tokens))
    message = "'attention' cannot be replaced: no convolution .* pass `grid`"
    with pytest.raises(ValueError, match=message):
        sc.networks.replace_attention(model, verbose=0)
    local, _ = sc.networks.replace_attention(model, 1, grid=(3, 4), verbose=0)
    values = rng.normal(size=(2, 12, 4)).astype("float32")
    np.testing.assert_allclose(local(values), model(values), atol=1e-5)


def test_attention_to_others_is_left(rng):
    images = keras.Input((4, 4, 6))
    tokens = keras.layers.Reshape((16, 6))(keras.layers.Conv2D(6, 1)(images))
    own = keras.layers.MultiHeadAttention(4, 2, name="own")(tokens, tokens)
    few = keras.layers.AveragePooling1D(2)(own)
    cross = keras.layers.MultiHeadAttention(4, 2, name="cross")(own, few)
    model = keras.Model(images, cross)
    local, report = sc.networks.replace_attention(model, 1, verbose=0)
    assert report.left == {"cross": "its query, value and key are not one tensor"}
    values = rng.normal(size=(2, 4, 4, 6)).astype("float32")
    np.testing.assert_allclose(local(values), model(values), atol=1e-5)


def test_the_grid_is_that_of_as_many_outputs(rng):
    images = keras.Input((16, 16, 3))
    patches = keras.layers.Conv2D(12, 2, strides=2)(images)
    side = keras.layers.Conv2D(12, 2)(patches)  # 7×7, and 15 more
    side = keras.layers.GlobalAveragePooling2D(keepdims=True)(side)
    side = keras.layers.Conv2D(12, 1)(side)  # 1×1
    tokens = keras.layers.Reshape((64, 12))(patches * side)
    attention = keras.layers.MultiHeadAttention(6, 4, name="mha")
    model = keras.Model(images, attention(tokens, tokens))
    local, report = sc.networks.replace_attention(model, 1, verbose=0)
    layer = local.get_layer("mha")
    assert (layer.student.sizes[0], layer.prefix_tokens) == ((8, 8), 0)
    assert report.notes == ()


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_inputs_that_are_cast_are_one_tensor_still(rng, policy):
    images = keras.Input((4, 4, 6))
    normal = keras.layers.LayerNormalization(dtype="float32")(images)
    attention = keras.layers.MultiHeadAttention(4, 2, dtype=policy)
    model = keras.Model(images, attention(normal, normal))
    local, report = sc.networks.replace_attention(model, 1, verbose=0)
    assert report.difference < 0.05
    assert local.layers[-1].compute_dtype == policy.removeprefix("mixed_")


def test_a_network_without_attention_is_refused():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match=r"no keras.layers.MultiHeadAttention"):
        sc.networks.replace_attention(model, verbose=0)

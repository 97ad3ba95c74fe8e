"""Self-attention that begins as a convolution."""

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.layers import ClonedAttention

from cases import later
from layer_checks import check_layer

GRID = (4, 3)


def random_layer(rng, student, channels, **options):
    layer = ClonedAttention(student, 3, **options)
    size = student.teacher.positions_in + layer.prefix_tokens
    layer.build((None, size, channels))
    for weight in (*layer.weights, student.targets):
        if weight.path != layer.content_shares.path:
            weight.assign(weight + 0.3 * rng.normal(size=weight.shape))
    return layer


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def expected_of(layer, tokens, mask=None):
    """The formula, for one head after another, of a layer of T(2)."""
    mask = np.ones((1, *[tokens.shape[1]] * 2)) if mask is None else mask
    student = layer.student
    rows, columns = GRID
    targets = student.targets.numpy()
    keys = np.indices((rows + 2, columns + 2)).reshape(2, -1).T - 1
    inside = np.all((keys >= 0) & (keys < GRID), axis=1)
    encoder = student.encoder.kernel.numpy()
    total = layer.bias.numpy() if layer.use_bias else 0
    for head in range(student.heads):
        mixed = encoder @ student.head_values.numpy()[0, head]
        query, key, value, output = (
            np.einsum("e,ecd->cd", mixed, np.reshape(kernel, (9, *kernel.shape[2:])))
            for kernel in (
                layer.query_kernel,
                layer.key_kernel,
                layer.value_kernel,
                layer.output_kernel,
            )
        )
        first = tokens @ query + mixed @ layer.query_bias.numpy().reshape(9, -1)
        scores = first @ (tokens @ key).swapaxes(1, 2) / np.sqrt(3)
        content = softmax(np.where(mask, scores, -np.inf))
        position = np.zeros((rows * columns, rows * columns))
        for p, (row, column) in enumerate(np.ndindex(GRID)):
            target = targets[head, row], targets[head, rows + column]
            scores = -student.sharpness * np.sum(np.square(keys - target), axis=1)
            position[p] = softmax(scores)[inside]
        if prefix := layer.prefix_tokens:
            position = np.pad(position, ((prefix, 0), (prefix, 0)))
            position[:prefix, prefix:] = 1 / (rows * columns)
        position = position * mask
        for one in position:
            one[:prefix] /= one[:prefix].sum(axis=1, keepdims=True)
        share = layer.content_shares.numpy()[head]
        attention = share * content + (1 - share) * position
        total = total + attention @ tokens @ value @ output
    return total


@pytest.mark.parametrize("prefix", [0, 2])
def test_equals_the_formula(rng, students, prefix):
    layer = random_layer(rng, students["t2"], 5, prefix_tokens=prefix)
    layer.content_shares.assign(rng.uniform(size=9))
    tokens = rng.normal(size=(2, 12 + prefix, 5)).astype("float32")
    outputs, scores = layer(tokens, return_attention_scores=True)
    np.testing.assert_allclose(outputs, expected_of(layer, tokens), atol=1e-4)
    assert tuple(scores.shape) == (2, 9, 12 + prefix, 12 + prefix)
    heads, _ = layer.heads_and_content(tokens)
    np.testing.assert_allclose(layer.merged(heads), outputs, atol=1e-5)


@pytest.mark.parametrize("prefix", [0, 2])
@pytest.mark.parametrize("given", ["attention_mask", "value_mask", "causal"])
def test_equals_the_formula_of_what_masks_leave(rng, students, prefix, given):
    layer = random_layer(rng, students["t2"], 5, prefix_tokens=prefix)
    layer.content_shares.assign(rng.uniform(size=9))
    size = 12 + prefix
    tokens = rng.normal(size=(2, size, 5)).astype("float32")
    rows = rng.uniform(size=(2, size)) > 0.3
    rows[:, [prefix, prefix + 1]] = True
    mask = {
        "attention_mask": rng.uniform(size=(2, size, size)) > 0.3,
        "value_mask": np.broadcast_to(rows[:, None], (2, size, size)),
        "causal": np.tri(size)[None] > 0,
    }[given]
    options = {"attention_mask": mask, "value_mask": rows}
    options = {given: options[given]} if given in options else {}
    if given == "causal":
        prefix and pytest.skip("the first tokens see no patches")
        options = {"use_causal_mask": True}
    outputs, scores = layer(tokens, return_attention_scores=True, **options)
    np.testing.assert_allclose(outputs, expected_of(layer, tokens, mask), atol=1e-4)
    assert not np.any(np.asarray(scores)[~np.broadcast_to(mask[:, None], scores.shape)])


@pytest.mark.parametrize(("channels", "filters"), [(2, 5), (5, 2)])
def test_begins_as_the_convolution_of_a_kernel(rng, students, channels, filters):
    convolution = keras.layers.Conv2D(filters, 3, padding="same")
    convolution.build((None, *GRID, channels))
    convolution.bias.assign(rng.normal(size=filters))
    kernel, bias = convolution.get_weights()
    layer = ClonedAttention.from_kernel(kernel, students["t2"], bias)
    images = rng.normal(size=(2, *GRID, channels)).astype("float32")
    np.testing.assert_allclose(layer(images), convolution(images), atol=1e-5)


def test_begins_as_a_group_convolution(rng, students):
    kernel = rng.normal(size=(3, 3, 4, 2, 3)).astype("float32")
    layer = ClonedAttention.from_kernel(kernel, students["c4"])
    maps = rng.normal(size=(2, 4, 4, 4, 2)).astype("float32")
    expected = sc.group_conv2d(maps, kernel, "c4", padding="same")
    found = np.reshape(layer(maps.reshape(2, 16, 8)), expected.shape)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("symmetry", "low", "high"), [("frozen", 0, 1e-5), ("trainable", 1e-3, 9)]
)
def test_attends_to_content_equivariantly_while_it_is_frozen(
    rng, students, symmetry, low, high
):
    student = students["c4"]
    layer = ClonedAttention(student, 3, symmetry=symmetry, content_share=0.5)
    maps = rng.normal(size=(2, 4, 4, 4, 2)).astype("float32")
    images = rng.normal(size=(2, 4, 4, 8)).astype("float32")
    labels = rng.normal(size=(2, 4, 4, 8))
    model = keras.Sequential([keras.Input((4, 4, 8)), layer])
    model.compile(keras.optimizers.SGD(0.5), "mse")
    model.fit(images, labels, epochs=2, verbose=0)

    def of_maps(maps):
        outputs = layer(np.reshape(maps, (-1, 16, 8)))
        return np.reshape(outputs, (-1, 4, 4, 4, 2))

    assert low <= sc.equivariance_error(of_maps, "c4", maps) < high
    assert len(np.ravel(layer.content_shares)) == (1 if symmetry == "frozen" else 9)


@pytest.mark.parametrize(
    ("symmetry", "trainable", "weights"),
    [later("frozen", 7, 10), later("trainable", 10, 10), ("anchored", 10, 13)],
)
def test_behaves_as_a_keras_layer(
    rng, students, tmp_path, symmetry, trainable, weights
):
    tokens = rng.normal(size=(2, 13, 4)).astype("float32")
    check_layer(
        ClonedAttention,
        {
            "student": students["t2"],
            "key_dim": 2,
            "symmetry": symmetry,
            "prefix_tokens": 1,
            "output_dim": 3,
            "anchor": "l2-sp",
        },
        [tokens],
        (2, 13, 3),
        weights=weights,
        trainable=trainable,
        path=tmp_path / "model.keras",
    )


def test_shares_open_by_training_and_remain_shares(rng, students):
    layer = ClonedAttention(students["t2"], 4)
    model = keras.Sequential([keras.Input((12, 4)), layer])
    model.compile(keras.optimizers.Adam(0.3), "mse")
    tokens = rng.normal(size=(8, 12, 4)).astype("float32")
    uniform = np.repeat(tokens.mean(axis=1, keepdims=True), 12, axis=1)
    model.fit(tokens, uniform, epochs=8, verbose=0)
    shares = np.array(layer.content_shares)
    assert 0 <= shares.min() <= shares.max() <= 1
    assert shares.max() > 0.1


def test_an_anchored_student_is_drawn_back(rng, students):
    student = students["t2"]
    layer = ClonedAttention(student, 4, symmetry="anchored", anchor_strength=5.0)
    model = keras.Sequential([keras.Input((12, 4)), layer])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    before = [weight.numpy() for weight in student.weights]
    for weight in student.weights:
        weight.assign(weight + 1)
    tokens = np.zeros((2, 12, 4), "float32")  # no gradient but of biases
    model.fit(tokens, tokens, verbose=0)
    for weight, own in zip(student.weights, before):
        np.testing.assert_allclose(weight, own + 0.5, atol=1e-5)


def test_takes_the_place_of_multi_head_attention(students):
    tokens = keras.Input((12, 4))
    outputs = ClonedAttention(students["t2"], 2)(tokens, tokens, key=tokens)
    assert tuple(outputs.shape) == (None, 12, 4)
    layer = ClonedAttention(students["t2"], 2)
    outputs, scores = layer(tokens, tokens, return_attention_scores=True)
    assert tuple(scores.shape) == (None, 9, 12, 12)
    both = keras.Model(tokens, [outputs, scores])(np.ones((2, 12, 4), "float32"))
    assert [tuple(each.shape) for each in both] == [(2, 12, 4), (2, 9, 12, 12)]
    with pytest.raises(ValueError, match="`value` must be the same tensor as `query`"):
        ClonedAttention(students["t2"], 2)(tokens, outputs)

import keras
import numpy as np
import pytest

from symclone_tf.symmetry.named_groups import GROUPS

from cases import CASES, later
from clones import dense
from layer_checks import check_layer


def randomised(rng, *arguments, **options):
    """A student whose last layers are not zero, as after training."""
    student = dense(*arguments, seed=0, **options)
    student.build()
    for weight in student.weights:
        weight.assign(rng.normal(size=weight.shape) / 10)
    return student


def draw(rng, student, channels=2, filters=3, batch=2):
    image, kernel = student.input_shapes((channels,), (filters,))
    return (
        rng.normal(size=(batch, *image)).astype("float32"),
        rng.normal(size=kernel).astype("float32"),
    )


@CASES
def test_equals_the_formula(rng, group, lifting):
    """`y[n,p,h,o] = Σ_{g,c,b} φ_b(x[n,:,g,c])[p] · α[b,g,h,c,o]`, `α = ψ·E`."""
    student = randomised(rng, group, lifting, image_size=5, blocks=4)
    x, kernel = draw(rng, student)
    g, h = student.teacher.representation_in, GROUPS[group].order
    weights = student.block_layers[0].kernel.numpy().reshape(25, 4, 9)
    encoder = student.encoder.kernel.numpy().reshape(9, g, 4, g, h)
    alpha = np.einsum(
        "vsco,vsbgh->bghco", kernel.reshape(9, g, 2, 3), encoder, optimize=True
    )
    expected = np.einsum(
        "nqgc,qbp,bghco->npho", x.reshape(2, 25, g, 2), weights, alpha, optimize=True
    )
    np.testing.assert_allclose(
        np.reshape(student(x, kernel), expected.shape), expected, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("hidden_units", [(7,), (7, 6)])
def test_hidden_layers_equal_separate_dense_stacks(rng, hidden_units):
    student = randomised(
        rng, "t2", image_size=4, blocks=3, hidden_units=hidden_units, activation="tanh"
    )
    x, _ = draw(rng, student, channels=1)
    features = np.reshape(student.features(x), (2, 3, 4))
    for block in range(3):
        rows = x.reshape(2, 16)
        for depth, layer in enumerate(student.block_layers):
            weights = [w.numpy() for w in layer.weights]
            if depth == 0:
                mine = slice(block * 7, (block + 1) * 7)
                rows = np.tanh(rows @ weights[0][:, mine] + weights[1][mine])
            else:
                rows = rows @ weights[0][block]
                if len(weights) > 1:
                    rows = np.tanh(rows + weights[1][block])
        np.testing.assert_allclose(features[:, block], rows, rtol=1e-4, atol=1e-6)


@CASES
def test_both_orders_of_contraction_compute_the_same(rng, group, lifting, monkeypatch):
    student = randomised(rng, group, lifting, image_size=5, blocks=4)
    x, kernel = draw(rng, student, channels=3, filters=2)
    results = []
    for order in (True, False):
        monkeypatch.setattr(student, "mixes_inputs", lambda *_, order=order: order)
        results.append(student(x, kernel))
    np.testing.assert_allclose(*results, rtol=1e-4, atol=1e-5)


def test_cheaper_order_is_chosen():
    """Blocks cost m²·n² for a feature map; it is cheaper where there are fewer."""
    student = dense("t2", image_size=28)
    assert student.mixes_inputs(channels=20, filters=10)
    assert not student.mixes_inputs(channels=10, filters=20)
    hidden = dense("t2", image_size=28, hidden_units=(8,))
    assert not hidden.mixes_inputs(channels=20, filters=10)


@CASES
def test_pairs_equal_single_calls(rng, group, lifting):
    student = randomised(rng, group, lifting, image_size=6)
    x, kernels = draw(rng, student, channels=1, filters=5, batch=5)
    every = np.asarray(student(x, kernels))
    paired = student.call_pairs(x[..., 0], np.moveaxis(kernels[..., 0, :], -1, 0))
    expected = np.stack([every[i, ..., i] for i in range(5)])
    np.testing.assert_allclose(paired, expected, rtol=1e-4, atol=1e-5)


@CASES
@pytest.mark.parametrize("hidden_units", [later([]), [8]])
def test_behaves_as_a_keras_layer(rng, tmp_path, group, lifting, hidden_units):
    arguments = {
        "group": group,
        "lifting": lifting,
        "image_size": 5,
        "kernel_size": 3,
        "padding": "valid",
        "blocks": 4,
        "hidden_units": hidden_units,
        "activation": "relu",
        "seed": 3,
    }
    student = dense(**arguments)
    image, _ = draw(rng, student)
    # Models batch every input, and a kernel has no batch: it is part of the layer.
    check_layer(
        WithKernel,
        {"student": arguments},
        [image],
        (2, 3, 3, *GROUPS[group].representation_shape, 3),
        weights=len(hidden_units) * 2 + 2,
        path=tmp_path / "model.keras",
    )


@keras.saving.register_keras_serializable("tests")
class WithKernel(keras.layers.Layer):
    """A student with one fixed kernel: a layer of one input."""

    def __init__(self, student, **kwargs):
        super().__init__(**kwargs)
        self.arguments = student
        self.student = dense(**student, dtype=self.dtype_policy)
        _, shape = self.student.input_shapes((2,), (3,))
        self.kernel = np.random.default_rng(0).normal(size=shape).astype("float32")

    def build(self, input_shape):
        self.student.build()

    def call(self, inputs):
        return self.student(inputs, self.kernel)

    def compute_output_shape(self, input_shape):
        return self.student.compute_output_shape(input_shape, self.kernel.shape)

    def get_config(self):
        return {**super().get_config(), "student": self.arguments}


def test_saves_and_loads_on_its_own(rng, tmp_path):
    student = randomised(rng, "c4", image_size=6)
    student.save_path = tmp_path / "student.keras"
    keras.saving.save_model(student, student.save_path)
    loaded = keras.saving.load_model(student.save_path)
    assert loaded.get_config() == student.get_config()
    for mine, theirs in zip(student.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_starts_at_zero(rng):
    student = dense("c4", image_size=6, hidden_units=(8,), seed=0)
    assert not np.any(student(*draw(rng, student)))


def test_encoder_starts_orthogonal():
    student = dense("c4", False, image_size=6, blocks=7, seed=0)
    student.build()
    encoder = student.encoder.kernel.numpy().reshape(36, 28, 4)
    np.testing.assert_allclose(
        encoder[:, :, 0].T @ encoder[:, :, 0], np.eye(28), atol=1e-5
    )
    assert not np.any(encoder[:, :, 1:])


def test_seed_determines_the_initial_weights():
    def weights(seed):
        student = dense("c4", image_size=6, hidden_units=(5, 4), seed=seed)
        student.build()
        return student.get_weights()

    for mine, theirs in zip(weights(1), weights(1), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert not np.array_equal(weights(1)[0], weights(2)[0])


@CASES
@pytest.mark.parametrize("hidden_units", [(), (8, 4)])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_parameters_are_known_before_they_are_allocated(
    group, lifting, hidden_units, padding
):
    student = dense(
        group, lifting, image_size=6, padding=padding, hidden_units=hidden_units
    )
    counted = student.parameters
    assert not student.built
    student.build()
    assert student.count_params() == counted


def test_t2_has_one_kind_of_layer():
    assert dense("t2", lifting=False).teacher.lifting


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_size": 0}, "`image_size` must be a positive integer"),
        ({"image_size": 2}, "`kernel_size` must not exceed `image_size`"),
        ({"blocks": 0}, "`blocks` must be a positive integer.*blocks=0"),
        ({"hidden_units": (4, -1)}, "`hidden_units` must be a positive integer"),
        ({"kernel_size": 4, "padding": "same"}, "must be odd"),
        ({"group": "p4"}, "`group` must be t2, flip, cN"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        dense(**{"group": "c4", **arguments})

import keras
import numpy as np
import pytest

from symclone_tf.artifacts.fusing import costs, fuse
from symclone_tf.cloning.closed_form import solve
from symclone_tf.layers.cloned_conv2d import ClonedConv2D

from clones import dense


def make(rng, group="c4", lifting=True, channels=1, filters=1, hidden=(), **options):
    student = dense(group, lifting, 7, hidden_units=hidden, seed=0)
    student.build()
    if hidden:
        for weight in student.weights:
            weight.assign(rng.normal(size=weight.shape, scale=0.1))
    else:
        solve(student)
    layer = ClonedConv2D(filters, student, **options)
    layer.build((None, *student.input_shapes((channels,))[0]))
    for weight in layer.trainable_weights:
        weight.assign(rng.normal(size=weight.shape))
    return layer


CASES = [
    ({"filters": 1}, "dense"),
    ({"filters": 2}, "dense"),
    ({"filters": 3}, "factored"),
    ({"group": "t2", "channels": 1, "filters": 8}, "dense"),
    ({"group": "t2", "channels": 3, "filters": 2}, "dense"),
    ({"group": "t2", "channels": 5, "filters": 8}, "factored"),
    ({"lifting": False, "channels": 2, "filters": 3}, "factored"),
    ({"lifting": False, "channels": 1, "filters": 1}, "factored"),
    ({"group": "d4", "filters": 2, "activation": "relu"}, "factored"),
    ({"filters": 1, "activation": "relu", "use_bias": False}, "dense"),
    ({"filters": 5, "use_bias": False}, "factored"),
    ({"lifting": False, "channels": 5, "filters": 3}, "factored"),
    ({"group": "d4", "lifting": False, "channels": 3, "use_bias": False}, "factored"),
    ({"filters": 1, "hidden": (6,)}, "factored"),
    ({"filters": 1, "channels": 9, "hidden": (6,)}, "factored"),
    ({"lifting": False, "filters": 3, "channels": 2, "hidden": (6, 5)}, "factored"),
]


@pytest.mark.parametrize(("options", "form"), CASES)
@pytest.mark.parametrize("batch", [1, 7])
def test_fused_layer_computes_what_the_layer_does(rng, options, form, batch):
    layer = make(rng, **options)
    fused = fuse(layer)
    assert fused.form == form
    images = rng.normal(size=(batch, *fused.model.input_shape[1:])).astype("float32")
    expected = np.asarray(layer(images))
    answers = np.asarray(fused.model(images))
    np.testing.assert_allclose(answers, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize(("options", "form"), CASES)
def test_costs_are_those_of_the_weights_and_products(rng, options, form):
    """Bytes are counted on the model, operations from its matrices."""
    layer = make(rng, **options)
    fused = fuse(layer)
    channels = layer.kernel.shape[-2]
    cost = costs(layer.student, channels, layer.filters, layer.use_bias)[form]
    weights = fused.model.count_params()
    assert cost.bytes / 4 == weights
    operations = 0
    for part in fused.model.layers:
        if isinstance(part, (keras.layers.Dense, keras.layers.EinsumDense)):
            # Every row of inputs meets the whole matrix, or its own block's.
            rows = np.prod(part.input.shape[1:-1])
            if part.kernel.ndim == 3:
                rows /= layer.student.blocks
            operations += 2 * np.prod(part.kernel.shape) * rows
    assert operations == cost.operations


def test_dense_is_chosen_only_where_it_takes_less_of_both(rng):
    for options, form in CASES:
        both = fuse(make(rng, **options)).costs
        assert ("dense" in both) == (not options.get("hidden"))
        less = "dense" in both and (
            both["dense"].operations < both["factored"].operations
            and both["dense"].bytes < both["factored"].bytes
        )
        assert (form == "dense") == less


def test_reason_names_both_forms_in_operations_and_bytes(rng):
    dense, factored = fuse(make(rng)), fuse(make(rng, filters=3))
    assert dense.reason.startswith("one Dense layer takes 9.8 k operations and 20")
    assert factored.reason.startswith("the blocks take ")
    for reason in (dense.reason, factored.reason):
        assert reason.count("operations and ") == 2
        assert reason.count("kB") == 2
    hidden = fuse(make(rng, hidden=(6,))).reason
    assert hidden.startswith("blocks that are not linear are no matrix")


def test_layer_without_a_kernel_is_refused():
    layer = ClonedConv2D(1, dense("c4", image_size=7), name="new")
    with pytest.raises(ValueError, match=r"must be built.*new"):
        fuse(layer)

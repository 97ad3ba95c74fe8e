import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from symclone_tf.closed_form import solve
from symclone_tf.fusing import MODEL, RECORD, costs, export_layer, fuse
from symclone_tf.layers import ClonedConv2D
from symclone_tf.students import DenseStudent
from symclone_tf.teachers import teacher_of

# A process that has never heard of this package.
ALONE = """
import sys
import keras
import numpy as np
layer = keras.saving.load_model(sys.argv[1])
np.save(sys.argv[3], layer(np.load(sys.argv[2])))
assert "symclone_tf" not in sys.modules
"""


def make(rng, group="c4", lifting=True, channels=1, filters=1, hidden=(), **options):
    student = DenseStudent(group, lifting, 7, hidden_units=hidden, seed=0)
    student.build()
    if hidden:
        for weight in student.weights:
            weight.assign(rng.normal(size=weight.shape, scale=0.1))
    else:
        solve(student, teacher_of(student))
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
    ({"filters": 1, "hidden": (6,)}, "factored"),
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
    cost = costs(layer.student, layer.kernel.shape[-2], layer.filters)[form]
    bias = layer.filters if layer.use_bias else 0
    weights = fused.model.count_params()
    assert abs(cost.bytes / 4 - weights) <= bias * 64 + layer.filters * 200
    rows = {"dense": 1, "factored": layer.student.elements_in * layer.kernel.shape[-2]}
    operations = 0
    for part in fused.model.layers:
        if isinstance(part, keras.layers.EinsumDense) and part.kernel.ndim == 3:
            mixes = part is [p for p in fused.model.layers if p.weights][-1]
            times = layer.student.output_size**2 if mixes else rows[form]
            operations += 2 * int(np.prod(part.kernel.shape)) * times
        elif isinstance(part, keras.layers.Dense):
            operations += 2 * int(np.prod(part.kernel.shape)) * rows[form]
    assert operations == cost.operations


def test_dense_is_chosen_only_where_it_takes_less_of_both(rng):
    for options, form in CASES:
        both = fuse(make(rng, **options)).costs
        less = (
            both["dense"].operations < both["factored"].operations
            and both["dense"].bytes < both["factored"].bytes
        )
        assert (form == "dense") == (less and not options.get("hidden"))


def test_reason_names_both_forms_in_operations_and_bytes(rng):
    reason = fuse(make(rng)).reason
    assert reason.startswith("dense: ")
    assert "factored: " in reason
    assert reason.count("operations") == 2
    assert reason.count("B of weights") == 2


@pytest.mark.parametrize("filters", [1, 6])
def test_artifact_needs_neither_this_package_nor_keras(rng, tmp_path, filters):
    layer = make(rng, filters=filters, activation="relu")
    path = export_layer(layer, tmp_path)
    assert path.parts[-2:] == (f"c4-lifting-7x7-k3-c1-f{filters}", "1")
    images = rng.normal(size=(7, 7, 7, 1)).astype("float32")
    expected = np.asarray(layer(images))

    signature = tf.saved_model.load(str(path)).signatures["serving_default"]
    (_, inputs), outputs = (
        signature.structured_input_signature,
        signature.structured_outputs,
    )
    assert inputs["image"].shape.as_list() == [None, 7, 7, 1]
    assert outputs["features"].shape.as_list() == [None, 5, 5, 4, filters]
    served = signature(image=tf.constant(images))["features"]
    np.testing.assert_allclose(served, expected, atol=1e-5)

    np.save(tmp_path / "images.npy", images)
    files = [path / MODEL, tmp_path / "images.npy", tmp_path / "answers.npy"]
    subprocess.run([sys.executable, "-c", ALONE, *map(str, files)], check=True)
    np.testing.assert_allclose(np.load(files[2]), expected, atol=1e-5)


def test_record_says_what_was_chosen_and_why(rng, tmp_path):
    layer = make(rng, filters=6)
    record = json.loads((export_layer(layer, tmp_path) / RECORD).read_text())
    assert record["form"] == "factored"
    assert record["student"] == "c4-lifting-7x7-k3"
    assert (record["channels"], record["filters"]) == (1, 6)
    assert record["costs"]["dense"]["operations"] > 0


def test_layer_without_a_kernel_is_refused(tmp_path):
    layer = ClonedConv2D(1, DenseStudent("c4", image_size=7), name="new")
    with pytest.raises(ValueError, match=r"must be built.*new"):
        export_layer(layer, tmp_path)
    assert list(tmp_path.iterdir()) == []

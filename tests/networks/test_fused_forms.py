import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.networks.fused_forms import costs
from symclone_tf.networks.fusion import fuse
from symclone_tf.students import RegionalStudent

from fused import CASES, FORMS, make
from regional_layers import trained


@pytest.mark.slow
@pytest.mark.parametrize(("options", "form"), FORMS)
def test_costs_are_those_of_the_weights_and_products(rng, options, form):
    """Bytes are counted on the model, operations on its matrices."""
    layer = make(rng, **options)
    fused = fuse(layer)
    channels = layer.kernel.shape[-2]
    cost = costs(layer.student, channels, layer.filters, layer.use_bias)[form]
    assert cost == fused.cost
    weights = fused.model.count_params()
    assert cost.bytes / 4 == weights
    operations = 0
    for part in fused.model.layers:
        if isinstance(part, (keras.layers.Dense, keras.layers.EinsumDense)):
            # Every row of inputs is multiplied by the whole matrix, or by its block's.
            rows = np.prod(part.input.shape[1:-1])
            if part.kernel.ndim == 3:
                rows /= layer.student.blocks
            operations += 2 * np.prod(part.kernel.shape) * rows
        elif isinstance(part, keras.layers.Conv2D):
            positions = np.prod(part.output.shape[1:-1])
            operations += 2 * np.prod(part.kernel.shape) * positions
    assert operations == cost.operations


def test_dense_is_chosen_only_where_both_costs_are_smaller(rng):
    for options, form in CASES:
        both = fuse(make(rng, compute="blocks", **options)).costs
        assert ("dense" in both) == (not options.get("hidden"))
        less = "dense" in both and (
            both["dense"].operations < both["factored"].operations
            and both["dense"].bytes < both["factored"].bytes
        )
        assert (form == "dense") == less


def test_reason_names_all_forms_in_operations_and_bytes(rng):
    convolution = fuse(make(rng)).reason
    assert convolution.startswith("one convolution takes 1.8 k operations and 160 B;")
    assert convolution.count("operations and ") == 3
    dense, factored = (
        fuse(make(rng, filters=filters, compute="blocks")).reason for filters in (1, 3)
    )
    assert dense.startswith("one Dense layer takes 9.8 k operations and 20 kB;")
    assert factored.startswith("blocks and mixing takes ")
    for reason in (dense, factored):
        assert reason.count("operations and ") == 2
        assert reason.endswith('compute="blocks" keeps the blocks')
    hidden = fuse(make(rng, hidden=(6,))).reason
    why = "its blocks are not linear"
    assert hidden.endswith(f"no matrix: {why}; no convolution: {why}")


@pytest.mark.parametrize(("regions", "count"), [(2, 4), ((1, 3), 3)])
def test_regions_cost_one_convolution_and_a_kernel_each(rng, regions, count):
    student = trained(sc.ConvTeacher("c4", 9), rng, regions)
    found = costs(student, channels=3, filters=5)
    assert "convolution" not in found
    bank = 9 * 3 * 4 * 5  # a kernel's entries, channels, and filters on the group
    assert found["regions"].operations == 2 * bank * 7 * 7
    assert found["regions"].bytes == 4 * count * (bank + 4 * 5)
    # Blocks have weights at each position.
    assert found["factored"].bytes > 4 * 49 * 9 * 9
    one = RegionalStudent(sc.ConvTeacher("t2", 9), 1)
    assert "regions" in costs(one, 3, 5)
    assert "regions" not in costs(sc.DenseStudent(sc.ConvTeacher("t2", 9)), 3, 5)

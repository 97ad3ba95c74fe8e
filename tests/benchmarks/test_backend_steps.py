"""Training steps that are timed on each backend, and what the page says of them."""

import pytest

import symclone_tf as sc
from benchmarks import backend_steps
from benchmarks.backend_steps import NAMES, collect, report


def rows_of(**ratios):
    about = {"group": "c4", "image_size": 8, "channels": 2, "filters": 3, "batch": 4}
    plain = dict.fromkeys(NAMES, 0.002) | {"convolution": 0.002}
    return [
        about | plain | {"backend": name, "local": 0.002 * ratio}
        for name, ratio in ratios.items()
    ]


def test_ratios_are_to_the_same_backends_convolution():
    rows = rows_of(tensorflow=4.0, jax=3.0)
    text = report({"machine": {}, "rows": rows, "products": {"jax": 0.0015}})
    assert "1024×9 by 9×9, in one call, with their sum: 1.5 ms on JAX." in text
    assert "| c4, 2 → 3 channels | TensorFlow | 2.0 | 1.00 | 1.00 | 4.00 |" in text
    assert "| JAX | 2.0 | 1.00 (1.00) | 1.00 (1.00) | 3.00 (0.75) |" in text


@pytest.mark.slow
def test_clones_step_as_many_numbers_as_the_convolution():
    steps = [backend_steps.step(name, "c4", 6, 1, 1, 2) for name in NAMES]
    assert all(loss() > 0 for loss in steps)


def test_products_are_those_of_the_larger_local_clone():
    teacher = sc.ConvTeacher("c4", 28, lifting=False)
    positions, count, entries, blocks = backend_steps.PRODUCT
    _, image_size, channels, _, batch = backend_steps.CASES[1]
    assert (image_size, entries, blocks) == (28, 9, 9)
    assert positions == teacher.positions_out
    assert count == batch * teacher.representation_in * channels
    assert backend_steps.product(repetitions=1)["seconds"] > 0


@pytest.mark.slow
def test_the_fastest_of_all_rounds_are_kept():
    case = ("c4", 6, 1, 1, 2)
    (row,) = collect([case], ["tensorflow"], rounds=1, repetitions=1)
    assert [row["group"], row["backend"]] == ["c4", "tensorflow"]
    assert min(row[name] for name in NAMES) > 0

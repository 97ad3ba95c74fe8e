"""Groups of reflections and rotations: what is compared, on what, and what is kept."""

import numpy as np
import pytest
import tensorflow as tf

from benchmarks.any_angle import data, layout, report, runs, studies
from benchmarks.any_angle.networks import (
    ANCHORED,
    CONV,
    Network,
    clones,
    of_groups,
    random_mirror,
    weights,
)
from benchmarks.any_angle.rows import read_rows
from symclone_tf.symmetry import get_group

from cases import later

pytestmark = pytest.mark.slow

GROUPS = sorted(
    {n.group for s in studies.STUDIES.values() for n in s.networks} - {None}
)


@pytest.mark.parametrize("group", GROUPS)
def test_orders_are_those_of_the_groups(group):
    assert layout.order(group) == get_group(group).order


@pytest.mark.parametrize("group", GROUPS)
def test_networks_of_all_groups_have_about_as_many_weights(group):
    plain = weights(Network("CNN", CONV).make((28, 28, 1), 10, 0))
    [network] = of_groups(group)
    assert weights(network.make((28, 28, 1), 10, 0)) == pytest.approx(plain, rel=0.08)


@pytest.mark.parametrize("group", layout.DIGITS_WEIGHTS)
def test_escnns_networks_are_compared_at_our_numbers_of_weights(group):
    [network] = of_groups(group)
    found = weights(network.make((28, 28, 1), 10, 0))
    assert found == layout.DIGITS_WEIGHTS[group]


@pytest.mark.parametrize(
    "group", [g if g in ("c8", "flip") else later(g) for g in GROUPS]
)
def test_networks_are_invariant_under_what_permutes_pixels(group, rng):
    [network] = of_groups(group)
    model = network.make((32, 32, 3), 10, 0)
    images = rng.uniform(size=(2, 32, 32, 3)).astype("float32")
    whole = get_group(group)
    for element, each in enumerate(whole.plane_elements):
        if each.permutes_pixels:
            transformed = whole.transform(images, element)
            np.testing.assert_allclose(model(transformed), model(images), atol=1e-5)


def test_clones_begin_as_group_convolutions_do(rng):
    images = rng.uniform(size=(2, 28, 28, 1)).astype("float32")
    [exact], [cloned] = of_groups("c8"), clones("c8", ANCHORED)
    exact, cloned = (each.make((28, 28, 1), 10, 0) for each in (exact, cloned))
    for layer, clone in zip(exact.layers, cloned.layers):
        if hasattr(clone, "symmetry"):
            clone.kernel.assign(layer.kernel)
        else:
            clone.set_weights(layer.get_weights())
    np.testing.assert_allclose(cloned(images), exact(images), atol=1e-5)
    convolutions = [layer for layer in cloned.layers if hasattr(layer, "symmetry")]
    assert [c.symmetry for c in convolutions] == ["frozen", "frozen", "anchored"]


@pytest.fixture
def few(monkeypatch, rng):
    """A study of random images, whose label is whether their left is brighter."""

    def read():
        x = rng.uniform(size=(96, 24, 24, 1)).astype("float32")
        y = (x[:, :, :12].mean((1, 2, 3)) > x[:, :, 12:].mean((1, 2, 3))).astype(
            "int32"
        )
        return (x[:64], y[:64]), (x[64:], y[64:])

    networks = [
        Network("CNN", CONV),
        Network("CNN, RandomFlip", CONV, None, (random_mirror,)),
        *of_groups("flip"),
    ]
    monkeypatch.setattr(layout, "FIELDS", (4, 6, 8))
    return studies.Study("sides", read, 2, {32: 2, 64: 1}, networks)


def test_what_was_interrupted_goes_on(few, tmp_path, monkeypatch):
    file = tmp_path / "any_angle.csv"
    runs.run(few, 32, 0, file, ["CNN"])
    first = read_rows(file)
    assert [row["network"] for row in first] == ["CNN"]
    trained = []
    train = runs.train
    monkeypatch.setattr(
        runs, "train", lambda *args: trained.append(len(args[1])) or train(*args)
    )
    runs.run(few, 32, 0, file)
    rows = read_rows(file)
    assert trained == [32, 32]
    assert rows[0] == first[0]
    assert [row["epochs"] for row in rows] == [2, 2, 2]
    assert all(0 <= row["accuracy"] <= 1 for row in rows)
    text = report.report(rows, {"cores": 2})
    assert f"| sides | 32 | flip | 1 | 2 | {rows[2]['weights']:,} | " in text


def test_few_images_are_others_with_each_seed(few, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(runs, "train", lambda m, x, *_: seen.append(x) or [0.0])
    monkeypatch.setattr(Network, "make", lambda *_: _Silent())
    for seed in (0, 1):
        runs.run(few, 32, seed, tmp_path / "a.csv", ["CNN"])
    assert len(np.unique(np.concatenate(seen).mean((1, 2, 3)))) > 40


class _Silent:
    trainable_weights = ()

    def evaluate(self, *args, verbose):
        return 0.0, 0.0


def test_means_of_seeds_are_shown_with_their_spread():
    rows = [{"accuracy": value} for value in (0.9, 0.91, 0.92)]
    assert report.percent(rows) == "91.00 ± 1.00%"
    assert report.percent(rows[:1]) == "90.00%"


def test_digits_are_rotated_once_by_angles_of_a_seed(monkeypatch, rng):
    images = rng.uniform(size=(10, 28, 28)).astype("float32")
    parts = {
        "train": (images[:7], np.arange(7)),
        "test": (images[7:], np.arange(7, 10)),
    }
    monkeypatch.setattr(data, "digits", lambda split, data_dir=None: parts[split])
    monkeypatch.setattr(data, "DIGITS_TRAINED", 4)
    monkeypatch.setattr(data, "DIGITS_TESTED", 5)
    (x, y), (tested, labels) = data.rotated_digits()
    assert (x.shape, tested.shape) == ((4, 28, 28, 1), (5, 28, 28, 1))
    # The last ones are tested, and the one before them is left out.
    np.testing.assert_array_equal(np.r_[y, labels], [0, 1, 2, 3, 5, 6, 7, 8, 9])
    np.testing.assert_array_equal(data.rotated_digits()[0][0], x)
    turn = np.random.default_rng(data.ANGLES_SEED).uniform(size=10)[6]
    expected = data.rotated(tf.constant(images[6, ..., None]), turn)
    np.testing.assert_allclose(tested[1], expected, atol=1e-6)


def test_cells_are_read_from_files(monkeypatch, tmp_path, rng):
    arrays = {
        f"{name}_{split}": values
        for split in ("train", "test")
        for name, values in (
            ("x", rng.integers(256, size=(6, 32, 32, 3)).astype("uint8")),
            ("y", rng.integers(2, size=6)),
        )
    }
    np.savez(tmp_path / "malaria.npz", **arrays)
    monkeypatch.setenv("SYMCLONE_TF_DATA", str(tmp_path))
    (x, y), (tested, _) = data.cells()
    np.testing.assert_allclose(255 * x, arrays["x_train"], rtol=1e-6)
    np.testing.assert_array_equal(y, arrays["y_train"])
    assert tested.shape == (6, 32, 32, 3)

"""When relaxing pays: what is compared, how it is trained, and what is kept."""

import numpy as np
import pytest

from benchmarks.relax_time import networks, report, study, training
from benchmarks.relax_time.data import DATA, Images, images
from benchmarks.relax_time.networks import (
    GOES_ON,
    MLP,
    PER_PIXEL,
    STOPPED,
    TITLES,
    cnn,
    mlp,
    untied,
)
from benchmarks.relax_time.rows import read_rows, read_where
from benchmarks.relax_time.training import (
    Length,
    Shuffled,
    train,
    train_until_it_stops,
)

from cases import later

pytestmark = pytest.mark.slow

SHAPES = {"fashion_mnist": (28, 28, 1), "cifar10": (32, 32, 3)}


@pytest.fixture
def few(monkeypatch, tmp_path, rng):
    """A folder with a few images, in Keras' own form."""
    arrays = {
        f"{name}_{split}": values
        for split in ("train", "test")
        for name, values in (
            ("x", rng.integers(256, size=(50, 16, 16, 3)).astype("uint8")),
            ("y", rng.integers(10, size=(50, 1))),
        )
    }
    np.savez(tmp_path / "cifar10.npz", **arrays)
    monkeypatch.setenv("SYMCLONE_TF_DATA", str(tmp_path))
    monkeypatch.setattr(networks, "WIDTHS", (4, "pool", 5))
    monkeypatch.setitem(networks.HIDDEN, "cifar10", (8,))
    monkeypatch.setitem(training.LENGTHS, 40, Length(2, 3, 2))
    return arrays


def test_images_are_from_0_to_1_and_labels_flat(few):
    x, y = images("cifar10", "train", 20)
    assert x.shape == (20, 16, 16, 3)
    np.testing.assert_allclose(255 * x, few["x_train"][:20], rtol=1e-6)
    np.testing.assert_array_equal(y, few["y_train"][:20, 0])


def test_a_fifth_of_the_images_is_held_out(few):
    found = Images.read("cifar10", 40)
    assert [len(each[1]) for each in (found.train, found.held_out, found.test)] == [
        32,
        8,
        50,
    ]
    both = np.concatenate([found.train[1], found.held_out[1]])
    np.testing.assert_array_equal(both, few["y_train"][:40, 0])


def test_shifted_images_are_translated(few):
    centred, labels = images("cifar10", "train")
    translated, same = images("cifar10-shifted", "train")
    np.testing.assert_array_equal(labels, same)
    np.testing.assert_array_equal(translated, images("cifar10-shifted", "train")[0])
    padded = np.pad(centred[3], ((6, 6), (6, 6), (0, 0)))
    positions = [
        (row, column)
        for row in range(13)
        for column in range(13)
        if np.array_equal(translated[3], padded[row : row + 16, column : column + 16])
    ]
    assert len(positions) == 1
    assert not np.array_equal(translated, centred)


@pytest.mark.parametrize("data", DATA)
def test_the_mlp_has_as_many_weights_as_the_cnn_relaxed_per_pixel(data):
    shape = SHAPES[data.partition("-")[0]]
    relaxed = GOES_ON[PER_PIXEL](cnn(shape, 0))
    dense = mlp(data, shape, 0)
    assert dense.count_params() == pytest.approx(relaxed.count_params(), rel=0.02)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_all_layers_have_outputs_for_all_regions(shape):
    outputs = [layer.output.shape[1] for layer in cnn(shape, 0).layers[:4]]
    assert min(outputs) >= max(networks.REGIONS)


@pytest.mark.parametrize(
    "title", [t if t in ("relaxed, 2×2", "untied") else later(t) for t in GOES_ON]
)
def test_what_goes_on_answers_as_the_cnn_did(title, rng, few):
    model = cnn((16, 16, 3), 0)
    x = rng.uniform(size=(2, 16, 16, 3)).astype("float32")
    answers = model(x).numpy()
    np.testing.assert_allclose(GOES_ON[title](model)(x), answers, atol=1e-6)


def test_relaxed_networks_have_the_regions_of_their_names(few):
    model = cnn((16, 16, 3), 0)
    for number in networks.REGIONS:
        relaxed = GOES_ON[f"relaxed, {number}×{number}"](model)
        assert relaxed.layers[0].student.regions == (number, number)
    assert GOES_ON[PER_PIXEL](model).layers[0].student.kind == "local"


def test_untied_networks_have_a_kernel_at_each_place(few):
    model = untied(cnn((16, 16, 3), 0))
    assert model.layers[0].kernels.shape == (14, 14, 27, 4)


def test_each_epoch_has_an_order_of_its_own_and_all_networks_the_same():
    labels = np.arange(150)
    epochs = []
    batches = Shuffled(2 * labels, labels, seed=3)
    for _ in range(2):
        pairs = [batches[index] for index in range(len(batches))]
        assert [len(y) for _, y in pairs] == [64, 64, 22]
        x, y = (np.concatenate(each) for each in zip(*pairs))
        np.testing.assert_array_equal(x, 2 * y)
        np.testing.assert_array_equal(np.sort(y), labels)
        epochs.append(y)
        batches.on_epoch_end()
    assert not np.array_equal(*epochs)
    again = Shuffled(labels, labels, seed=3)
    np.testing.assert_array_equal(again[0][1], epochs[0][:64])


def test_training_stops_and_keeps_the_best_weights(few):
    found = Images.read("cifar10", 40)
    model = cnn((16, 16, 3), 0)
    # At this rate nothing is learned, and the first epochs are the best.
    course = train(model, found, 0, 1.0, 30, patience=2)
    assert len(course.seconds) == course.best_epoch + 2 < 30
    loss, _ = model.evaluate(*found.held_out, verbose=0)
    assert loss == pytest.approx(course.loss, rel=1e-5)
    model.set_weights(course.last)
    worse, _ = model.evaluate(*found.held_out, verbose=0)
    assert worse > loss


def test_without_patience_all_epochs_are_trained(few):
    course = train(cnn((16, 16, 3), 0), Images.read("cifar10", 40), 0, 1.0, 4)
    assert len(course.seconds) == 4


def test_networks_from_scratch_end_at_the_rate_at_which_they_go_on(few):
    model = cnn((16, 16, 3), 0)
    course = train_until_it_stops(model, Images.read("cifar10", 40), 0, Length(9, 3, 1))
    assert len(course.seconds) == 6  # three at each of two rates
    assert 3 < course.best_epoch <= 6
    assert float(model.optimizer.learning_rate) == pytest.approx(training.RATES[-1])


def run(file, seed=0, titles=TITLES):
    one = study.Study(file, "cifar10", 40, seed, titles)
    one.run()
    return one


def test_runs_are_lines_and_are_not_run_again(few, tmp_path):
    file = tmp_path / "rows.csv"
    titles = (STOPPED, "cnn goes on", "relaxed, 2×2", PER_PIXEL, MLP)
    run(file, titles=titles)
    rows = {row["network"]: row for row in read_rows(file)}
    assert tuple(rows) == titles
    assert rows["cnn"]["weights"] < rows["relaxed, 2×2"]["weights"]
    assert {rows[title]["epochs"] for title in titles[1:4]} == {2}
    first, later_on = (
        [float(error) for error in rows[title]["errors"].split()]
        for title in ("cnn", "cnn goes on")
    )
    # Of an ordinary convolution, what rounding makes of it.
    assert later_on == pytest.approx(first, abs=1e-6)
    assert min(map(float, rows["relaxed, 2×2"]["errors"].split())) > 1e-4
    maps = read_where(file)["cifar10, 40 images"]
    assert np.shape(maps["conv_1"]) == (14, 14)

    before = file.read_bytes()
    assert not run(file, titles=titles).missing
    assert file.read_bytes() == before
    assert study.Study(file, "cifar10", 40, 1, titles).missing == list(titles)

    report.write_report(file)
    page = file.with_suffix(".md").read_text("utf-8")
    weights = f"{rows['relaxed, 2×2']['weights']:,}"
    assert f"| cifar10, 40 images | relaxed, 2×2 | 1 | 2 | {weights} |" in page
    for name in ("rows", "rows-cifar10-40-where"):
        assert (tmp_path / f"{name}.svg").stat().st_size > 1000


def test_an_interrupted_study_ends_as_one_that_was_not(few, tmp_path):
    titles = (STOPPED, "relaxed, 2×2")
    whole, parts = (tmp_path / f"{name}.csv" for name in ("whole", "parts"))
    run(whole, titles=titles)
    for title in titles:
        run(parts, titles=(title,))
    for first, second in zip(read_rows(whole), read_rows(parts)):
        assert first["held_out_loss"] == pytest.approx(second["held_out_loss"], 1e-4)


def test_relaxed_networks_train_on_from_the_best_weights_of_the_cnn(few, tmp_path):
    """At a rate of zero, nothing changes."""
    file = tmp_path / "rows.csv"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study, "RATES", (3e-3, 0.0))
        run(file, titles=(STOPPED, "cnn goes on", "relaxed, 2×2", "untied"))
    first, *others = read_rows(file)
    for other in others:
        assert other["held_out_loss"] == pytest.approx(first["held_out_loss"], rel=1e-4)
        assert other["accuracy"] == pytest.approx(first["accuracy"], abs=0.03)


def test_networks_of_one_seed_begin_alike():
    first, second, other = (cnn((28, 28, 1), seed) for seed in (0, 0, 1))
    for a, b in zip(first.get_weights(), second.get_weights()):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first.get_weights()[0], other.get_weights()[0])

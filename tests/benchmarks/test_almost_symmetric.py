"""Methods compared on what they keep and break."""

import keras
import numpy as np
import pytest

import symclone_tf as sc
from benchmarks.almost_symmetric.methods import LAST_UNTIED, METHODS, trained
from benchmarks.almost_symmetric.points import chosen, knees, means, points
from benchmarks.almost_symmetric.regularised import (
    Augmented,
    ChangingStrength,
    RotatedConv2D,
)
from benchmarks.almost_symmetric.report import (
    draw_frontier,
    report,
    write_report,
)
from benchmarks.almost_symmetric.rows import FIELDS, KEY, method_of, read, read_all
from benchmarks.almost_symmetric.runs import run_once, unchanged
from benchmarks.tasks import TASKS, Task, Wrapped, digits

pytestmark = pytest.mark.slow

ROWS = [
    {
        **{"method": method, "strength": strength, "task": task, "seed": seed},
        **{"train_size": 64, "epochs": 1, "accuracy": accuracy, "weights": 7},
        **{"upright_accuracy": 0.9, "seconds_per_epoch": 1.0, "error": None},
    }
    for method, strength, seed, accuracies in (
        ("gcnn", None, 0, (0.9, 0.4)),
        ("rpp", 1e-4, 0, (0.7, 0.6)),
        ("rpp", 1e-4, 1, (0.8, 0.7)),
        ("rpp", 1e-2, 0, (0.9, 0.5)),
    )
    for task, accuracy in zip(("invariance", "breaking"), accuracies)
]


def by_title(title):
    return next(method for method in METHODS if method.title == title)


def test_knees_are_the_largest_smaller_accuracies():
    found = points(ROWS)
    assert [point.smaller for point in found] == pytest.approx([0.4, 0.65, 0.5])
    best = knees(found)
    assert {name: p.strength for name, p in best.items()} == {
        "gcnn": None,
        "rpp": 1e-4,
    }
    page = report(ROWS, {})
    row = "| rpp | 0.0001 | 2 | 7 | 75.0% ± 7.1% | 90.0% ± 0.0% | 65.0% ± 7.1% |"
    assert f"{row} **65.0%** | 1.0 |" in page
    assert "| rpp | 0.01 | 1 | 7 | 90.0% | 90.0% | 50.0% | 50.0% | 1.0 |" in page


def test_seeds_are_drawn_as_error_bars():
    (axes,) = draw_frontier(points(ROWS)).axes
    exact, relaxed = (bars[2] for bars in axes.containers)
    for line in exact:  # of one seed
        assert np.ptp(line.get_segments(), axis=1).max() == pytest.approx(0)
    across, up = (np.ptp(line.get_segments()[0], axis=0) for line in relaxed)
    deviation = np.std([0.7, 0.8], ddof=1)
    np.testing.assert_allclose(across, [2 * deviation, 0], atol=1e-9)
    np.testing.assert_allclose(up, [0, 2 * deviation], atol=1e-9)


def test_shares_are_chosen_by_images_that_are_not_tested_on():
    rows = [
        {**row, "validation_accuracy": validated, "method": "gcnn, last rpp, x"}
        for row, validated in zip(ROWS[2:], (0.6, 0.5, 0.7, 0.7, 0.9, 0.5))
    ]
    found = points([*rows, *ROWS])
    assert [point.validated for point in found][:2] == [pytest.approx(0.6), 0.5]
    best = chosen(found)
    assert {name: point.strength for name, point in best.items()} == {
        "gcnn, last rpp, x": 1e-4
    }
    rows[-2:] = [{**row, "validation_accuracy": None} for row in rows[-2:]]
    assert chosen(points(rows)) == {}


def test_gains_are_reported_of_the_chosen_shares():
    rows = [
        {**row, "method": LAST_UNTIED, "validation_accuracy": row["accuracy"]}
        for row in ROWS[2:]
    ]
    line = f"| {LAST_UNTIED} | 0.0001 | 2 | 7 | 75.0% ± 7.1% | 65.0% ± 7.1% |"
    assert line in report(rows, {})
    assert "What the gain is made of" not in report(ROWS, {})


def test_digits_to_choose_by_are_not_trained_on(mnist):
    task = TASKS["invariance"]
    assert TASKS["quadrant"].validation(100, 0) is None
    assert task.validation(60_000, 0) is None
    labels = np.concatenate([y for _, y in task.validation(10_000, 0)])
    _, all_labels = digits("train", 15_000)
    _, trained_on = digits("train", 10_000)
    others = np.bincount(all_labels) - np.bincount(trained_on)
    np.testing.assert_array_equal(np.bincount(labels), others)


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_a_share_of_a_convolutions_inputs_passes_it_rotated(rng, share):
    layer = RotatedConv2D(2, 3, share=share)
    plain = keras.layers.Conv2D(2, 3)
    images = rng.normal(size=(400, 6, 6, 3)).astype("float32")
    plain.build(images.shape)
    layer.build(images.shape)
    layer.set_weights(plain.get_weights())
    expected = np.array(plain(images))
    np.testing.assert_allclose(layer(images), expected, atol=1e-5)
    found = np.array(layer(images, training=True))
    kernel = np.array(plain.kernel)
    each = []
    for turn in range(4):
        plain.kernel.assign(np.rot90(kernel, -turn))
        each.append(np.isclose(found, plain(images), atol=1e-4).all((1, 2, 3)))
    shares = np.mean(each, axis=1)
    np.testing.assert_allclose(shares[1:], share / 4, atol=0.07)
    assert np.sum(each, axis=0).tolist() == [1] * 400


def test_points_are_of_the_most_images_unless_asked():
    fewer = [{**row, "train_size": 32, "accuracy": 0.1} for row in ROWS]
    assert points(ROWS + fewer) == points(ROWS)
    assert points(ROWS + fewer, size=(32, 1))[0].smaller == 0.1


def test_means_are_by_method_strength_and_task():
    found = means(ROWS, ["breaking"])
    assert found["rpp", 1e-4] == {"breaking": (0.6, 0.7)}


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.title)
def test_every_method_has_a_network(method, tmp_path):
    if method.title.startswith("Dense"):
        pytest.skip("its clones take a minute to load")
    strength = method.strengths[-1] if method.strengths else None
    model = method.network(TASKS["breaking"], strength, 0, "exported")
    outputs = model(np.zeros((1, 28, 28, 1), "float32"))
    assert outputs.shape == (1, 20)


SMALL = Task("plumes 3", "c4", 8, None)


@pytest.mark.parametrize(
    "method",
    [m for m in METHODS if m.takes(SMALL) and not m.title.startswith("Dense")],
    ids=lambda method: method.title,
)
def test_every_method_predicts_smoke(method, tmp_path_factory, rng):
    clones = tmp_path_factory.getbasetemp() / "smoke"
    strength = method.strengths[-1] if method.strengths else None
    model = method.network(SMALL, strength, 0, clones)
    frames = rng.normal(size=(2, 8, 8, 1)).astype("float32")
    assert model(frames).shape == (2, 8, 8, 1)
    # All layers of C4 are equivariant before they are trained.
    if method.title != "cnn":
        assert sc.equivariance_error(model, "c4", frames) < 1e-4


def test_edges_of_smoke_meet(rng):
    frames = rng.normal(size=(2, 5, 5, 3))
    wrapped = np.array(Wrapped(2)(frames))
    expected = np.pad(frames, [(0, 0), (2, 2), (2, 2), (0, 0)], "wrap")
    np.testing.assert_allclose(wrapped, expected, rtol=1e-6)
    translated = np.roll(frames, (2, -1), (1, 2))
    model = SMALL.network("cnn", 0)
    frames = rng.normal(size=(1, 8, 8, 1)).astype("float32")
    translated = model(np.roll(frames, (2, -1), (1, 2)))
    np.testing.assert_allclose(
        translated, np.roll(model(frames), (2, -1), (1, 2)), atol=1e-5
    )


def test_smoke_is_learned_and_judged_against_no_change():
    keras.utils.set_random_seed(0)
    task = TASKS["plumes 0"]
    data = task.data("train", None, 0)
    model = task.network("cnn", 0)
    trained(by_title("cnn"), model, data, None, 2)
    error = model.evaluate(data, verbose=0)[1]
    assert 0 < error < unchanged(data) < 1


def test_other_plumes_are_tested():
    train, test = (
        next(iter(TASKS["plumes 2"].data(split, None, 0).batch(1)))[0]
        for split in ("train", "test")
    )
    assert np.abs(train - test).max() > 0.1


def test_images_move_in_training_alone(rng):
    layer = Augmented("c4", 6, 0.5)
    images = rng.normal(size=(64, 6, 6, 1)).astype("float32")
    np.testing.assert_array_equal(layer(images), images)
    transformed = np.array(layer(images, training=True))
    same = np.all(transformed == images, axis=(1, 2, 3)).mean()
    assert 0.45 < same < 0.8  # half stay, and an eighth is rotated by 0°


@pytest.mark.parametrize(("first", "last"), [(0, 20), (20, 0)])
def test_strengths_change_from_epoch_to_epoch(first, last):
    method = by_title("last clone, decoupled L2-SP")
    model = method.network(TASKS["breaking"], 30.0, 0, "exported")
    changing, seen = ChangingStrength(first, last), []
    watch = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(float(changing.strength))
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    images, labels = np.zeros((2, 28, 28, 1)), np.zeros(2)
    model.fit(images, labels, epochs=3, verbose=0, callbacks=[changing, watch])
    assert seen == [first, 10, last]
    encoder = sc.networks.convolution_layers(model)[-1].student.encoder.kernel
    assert encoder.constraint.strength is changing.strength


@pytest.mark.parametrize(("validated", "runs"), [("", 1), ("0.5", 0)])
def test_runs_that_could_be_validated_are_run_again(
    tmp_path, monkeypatch, validated, runs
):
    file, called = tmp_path / "rows.csv", []
    row = f"{LAST_UNTIED!r},0.1,breaking,0,64,1,0.1,,,7,1.0,{validated}"
    file.write_text(f"{','.join(FIELDS)}\n{row}\n".replace("'", '"'))

    def run(*key):
        called.append(key)
        return dict.fromkeys(FIELDS[6:], 0.5)

    monkeypatch.setattr("benchmarks.almost_symmetric.runs.run", run)
    monkeypatch.setattr(Task, "validation", lambda *_: "digits")
    run_once(file, (LAST_UNTIED, 0.1, "breaking", 0, 64, 1))
    assert len(called) == runs
    assert len(file.read_text().splitlines()) == 2 + runs


@pytest.mark.usefixtures("mnist")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("title", "strength", "tasks"),
    [
        ("rpp", 1e-4, ("invariance", "breaking")),
        ("last clone, transformed inputs", 0.3, ("digit", "quadrant")),
        ("cnn, augmented images", 0.3, ("sixes turned",)),
        ("gcnn", None, ("plumes 1",)),
    ],
)
def test_runs_are_lines_and_are_not_run_again(title, strength, tasks, tmp_path):
    file = tmp_path / "rows.csv"
    for _ in range(2):
        for task in tasks:
            key = dict(zip(KEY, (title, strength, task, 0, 64, 1)))
            run_once(file, tuple(key.values()), tmp_path)
    rows = read(file)
    assert [row["task"] for row in rows] == list(tasks)
    for row in rows:
        assert row["error"] or 0 < row["accuracy"] < 1
    write_report(file, tmp_path / "none.csv")
    assert title in (tmp_path / "rows.md").read_text()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"architecture": "gcnn"}, ("gcnn", None)),
        ({"student": "local"}, ("clones, frozen", None)),
        ({"symmetry": "trainable"}, ("Dense clones, trainable", None)),
        (
            {"student": "local", "symmetry": "anchored", "anchor": "decoupled-l2-sp"},
            ("clones, decoupled L2-SP", 30.0),
        ),
        (
            {"symmetry": "frozen,frozen,frozen,anchored", "trainable_part": "encoder"},
            ("last clone, transformed inputs", 0.2),
        ),
        ({"blocks": 7}, None),
    ],
)
def test_runs_of_the_benchmark_belong_here_too(options, expected):
    assert method_of(sc.experiments.Experiment(**options).complete()) == expected


def test_the_benchmarks_run_counts_where_both_have_one(tmp_path):
    table = sc.experiments.read_benchmark("benchmarks/results/mnist/c4.csv")
    file = tmp_path / "rows.csv"
    file.write_text(
        ",".join(FIELDS) + "\ngcnn,,invariance,0,10000,8,0.1,0.1,,7,1.0,\n"
        "cnn,,invariance,0,10000,8,0.1,0.1,,7,1.0,0.3\n"
        "untied,0.0,invariance,0,10000,8,0.9,0.2,,7,1.0,\n"
        "untied,0.0,invariance,0,10000,8,0.2,0.2,,7,1.0,\n"
    )
    rows = read_all(file, "benchmarks/results/mnist/c4.csv")
    accuracies = {
        (row["method"], row["seed"]): row["accuracy"]
        for row in rows
        if row["task"] == "invariance"
    }
    assert accuracies["untied", 0] == 0.2
    assert accuracies["gcnn", 0] > 0.8
    assert accuracies["cnn", 0] == 0.1  # which was validated
    assert len(rows) > len(table) / 2

"""Benchmarks run, count what they should, and report what they measured."""

import json
import re

import numpy as np
import pytest

import symclone_tf as sc
from benchmarks import (
    cases,
    cloning,
    growth,
    layers,
    networks,
    operations,
    serving,
    shifts,
    teachers,
)
from benchmarks.costs import draw_costs
from symclone_tf.cloning import recipe_for

from clones import dense

pytestmark = pytest.mark.slow


def test_operations_of_a_step_are_those_of_its_matrix_products():
    student = dense("c4", image_size=10, blocks=5)
    recipe = recipe_for(student, images_per_step=7, kernels_per_step=3)
    forward = 2 * 7 * 100 * (5 * 64)  # (7, 100) @ (100, 5·64)
    mixing = 2 * (7 * 64) * 5 * (4 * 3)  # (7·64, 5) @ (5, 4·3)
    teacher = 2 * (7 * 64) * 9 * (4 * 3)
    assert operations.training_step(student, recipe) == (
        2 * forward + 3 * mixing + teacher
    )


def test_operations_of_a_layer_are_those_of_the_cheaper_order():
    student = dense("t2", image_size=10)
    wide = operations.student_forward(student, channels=20, filters=2)
    assert wide == operations.student_forward(student, 2, 20) * (
        2 * 100 * (64 + 20) / (2 * 64 * (100 + 20))
    )
    assert operations.teacher_forward(student, 20, 2) == 2 * 64 * 9 * 20 * 2


def test_closed_form_of_a_group_layer_takes_more_than_of_a_lifting_one():
    lifting, group = (
        operations.closed_form(dense("c4", lifts, image_size=10))
        for lifts in (True, False)
    )
    assert group > 10 * lifting


@pytest.mark.parametrize("kind", ["training", "solving"])
def test_measurements_are_of_clones_that_reached_the_target(kind):
    options = {"target": 1e-6} if kind == "training" else {}
    row = getattr(cases, kind)(**options, group="c4", image_size=6)
    assert row["nmse"] < 1e-6
    assert row["seconds"] > 0
    assert row["operations"] > 0
    assert row["weights"] == 4 * dense("c4", image_size=6).parameters


@pytest.mark.slow
def test_straightforward_loop_learns_slowly():
    run = cases.one_kernel_at_a_time(target=1e-4, seconds=2)
    assert 0 < run["nmse"] < 1.5
    assert run["reached"] == (run["nmse"] <= 1e-4)


def test_report_and_plot_show_what_was_measured():
    layer = {"group": "c4", "lifting": True}
    # A process that has used more memory before shows no new peak.
    seen = {"memory": 10**6}
    rows = [{"size": n, **cases.solving(**layer, image_size=n), **seen} for n in (6, 8)]
    trained = {**cases.training(target=1e-6, **layer, image_size=6), **seen}
    pair = cases.layers(2, 3, 4, **layer, image_size=6)
    everything = {
        "machine": cloning.machine(),
        "products": cases.matrix_products(64),
        "training": [
            {"layer": name, "size": n, **trained}
            for name, _ in cloning.KINDS
            for n in (6, 8)
        ],
        "solving": [
            {**row, "layer": name} for name, _ in cloning.KINDS for row in rows
        ],
        "layers": [{"layer": "C4 lifting", "size": 6, "channels": 2, **pair}],
        "loop": {"seconds": 9.0, "steps": 10, "nmse": 0.5, "reached": False},
        "loop_against": {**trained, "seconds": 0.5},
    }
    text = cloning.report(everything)
    assert f"{everything['products']['rate'] / 1e9:.0f} GFLOP/s" in text
    assert re.search(rf"\| C4 lifting \| 6 \| [\d.]+ \| {trained['steps']} \|", text)
    assert "Ratio: more than 18." in text
    lines = draw_costs(everything).axes[0].get_lines()
    assert [line.get_xydata().tolist() for line in lines][1] == [
        [row["size"], row["seconds"]] for row in rows
    ]


def test_costs_are_those_measured():
    def rows(scale):
        return [
            {"layer": layer, "size": n, "seconds": scale * n, "memory": 1e6 * n}
            for layer in ("T(2)", "C4 group")
            for n in (8, 16)
        ]

    seconds, memory = draw_costs({"training": rows(2), "solving": rows(1)}).axes
    lines = {line.get_label(): line.get_xydata().tolist() for line in seconds.lines}
    assert lines["T(2), trained"] == [[8, 16], [16, 32]]
    assert lines["C4 group, closed form"] == [[8, 8], [16, 16]]
    assert all(line.get_ydata().tolist() == [8, 16] for line in memory.lines)


def test_exponent_is_the_slope_of_a_power():
    rows = [{"size": n, "seconds": 3 * n**4} for n in (10, 16, 28, 48)]
    assert cloning.exponent(rows, "seconds") == pytest.approx(4)


@pytest.mark.slow
def test_growth_is_reported_as_measured(monkeypatch):
    rows = growth.collect([6, 8])
    for row in rows:
        assert row["weights"] == 4 * (81 * (row["size"] - 2) ** 2 + 81)
        assert row["trained_nmse"] < 1e-12
        assert row["solved_nmse"] < 1e-13
    text = growth.report({"machine": {}, "rows": rows})
    assert f"| 8×8 | {rows[1]['weights'] / 1e6:.3g} | " in text
    assert growth.exponent(rows, "size") == pytest.approx(1)


@pytest.mark.slow
def test_serving_measures_every_model_at_every_batch(monkeypatch):
    monkeypatch.setattr(serving, "BATCHES", (1, 3))
    rows = serving.collect(canvas=16, seconds=0.01)
    assert [row["batch"] for row in rows] == [1, 3] * 6
    assert all(row[kind] > 0 for row in rows for kind in serving.KINDS)
    text = serving.report({"machine": cloning.machine(), "rows": rows})
    assert text.count("| C4 lifting 16×16, 1 → 1, exported convolution | ") == 2
    assert f"| MNIST classifier | 3 | {rows[-1]['served']:,.0f} |" in text


@pytest.mark.usefixtures("mnist")
@pytest.mark.slow
def test_networks_are_timed_and_their_clones_agree(monkeypatch):
    first = networks.timed("c4")[:1]
    monkeypatch.setattr(networks, "timed", lambda group: first)
    steps = networks.step_seconds("c4", steps=1, repetitions=1)
    assert [row["network"] for row in steps] == ["mlp"]
    assert all(row[kind] > 0 for row in steps for kind in networks.KINDS)
    agreed = networks.agreement("c4", train_size=640, test_size=100, epochs=1)
    assert agreed["network"] == "gcnn"
    assert agreed["digits"] == 100
    assert agreed["agree"] >= 99
    assert 0 <= agreed["difference"] < 1e-3
    found = {"steps": steps, "pipeline": 0.25, "agreement": agreed}
    text = networks.report({"machine": {}, "groups": {"c4": found}})
    assert f"| mlp | {1e3 * steps[0]['plain']:.1f} | " in text
    assert f"for {agreed['agree']} of 100 test digits" in text


@pytest.mark.usefixtures("mnist")
def test_the_pipeline_is_timed_from_its_cache():
    assert 0 < networks.pipeline_seconds("c4", size=256) < 10


def test_changes_are_those_of_the_networks_outputs():
    images = np.zeros((2, 20, 20, 1))
    images[0, 10, 10], images[1, 10, 17] = 1, 1

    def left_or_right(x):
        right = x[:, :, 10:].sum((1, 2, 3))
        return np.stack([1 - right, right], axis=1)

    # One step left takes the first image out of the right half; steps right by
    # three and more take the second out of sight.
    changes = shifts.changes(left_or_right, images)
    assert [change["classes"] for change in changes] == [1 / 8] * 2 + [2 / 8] * 4
    assert changes[0]["probabilities"] == pytest.approx(1 / 4)


@pytest.mark.usefixtures("mnist")
@pytest.mark.slow
def test_changes_by_translations_are_reported_as_measured():
    row = shifts.measure("breaking", 40, digits=20, train_size=64, epochs=1)
    assert len(row["changes"]) == 6
    assert all(change["probabilities"] > 0 for change in row["changes"])
    text = shifts.report({"machine": {}, "rows": [row]})
    first = row["changes"][0]
    cells = f"{first['probabilities']:.3f}, {first['classes']:.1%}"
    assert f"| 40 | breaking | {row['accuracy']:.1%} | {cells} | " in text


def test_layers_are_compared_with_what_they_clone():
    row = layers.measure("c4", False, 8, 2, 3, batch=4, repetitions=1)
    assert row["layer"] == "C4 group 8×8"
    assert all(
        row[f"{name}_{kind}"] > 0
        for name in ("convolution", "local", "frozen")
        for kind in layers.KINDS
    )
    # 36 outputs of 12 maps, each of 8 maps of 9 pixels.
    assert row["convolution_operations"] == 4 * 2 * 36 * 12 * 8 * 9
    # The blocks, of 81 weights at each of 36 pixels, and nine features to mix.
    assert row["local_operations"] == 4 * 2 * 8 * 36 * (81 + 9 * 12)
    text = layers.report({"machine": {}, "rows": [row]})
    for name in ("local", "frozen"):
        ratio = row[f"{name}_step"] / row["convolution_step"]
        assert f"| {ratio:.2f} |" in text


def test_layers_in_groups_are_compared_with_those_of_one_group():
    case = "c4", True, 8, 2, 4, 3, (1, 2)
    whole, halves = rows = layers.measure_groups(*case, repetitions=1)
    assert (whole["groups"], halves["groups"]) == (1, 2)
    assert (whole["layer"], whole["filters"]) == ("C4 lifting 8×8", 4)
    text = layers.report(
        {"machine": {}, "rows": [], "groups": {"machine": {}, "rows": rows}}
    )
    times = [
        f"{1e3 * halves[key]:.1f} | {halves[key] / whole[key]:.2f}"
        for key in (
            "frozen_forward",
            "frozen_step",
            "trainable_forward",
            "trainable_step",
        )
    ]
    assert f"| C4 lifting 8×8 | 2 | 4 | 3 | 2 | {' | '.join(times)} |" in text
    assert "busy" not in text
    busy = {"machine": {"load": 1.26}, "rows": rows}
    text = layers.report({"machine": {}, "rows": [], "groups": busy})
    assert "busy with other work, with a load average of 1.3" in text


def test_a_part_of_the_layers_is_measured_again(tmp_path, monkeypatch):
    kept = {"machine": {"cores": 3}, "rows": []}
    (tmp_path / "layers.json").write_text(json.dumps(kept))
    monkeypatch.setattr(layers, "GROUPED", [("t2", True, 6, 2, 2, 1, (1, 2))])
    arguments = "--parts", "groups", "--repetitions", "1", "--output", str(tmp_path)
    monkeypatch.setattr("sys.argv", ["layers", *arguments])
    layers.main()
    found = json.loads((tmp_path / "layers.json").read_text())
    assert found.items() > kept.items()
    assert [row["groups"] for row in found["groups"]["rows"]] == [1, 2]
    assert "| T(2) 6×6 | 2 | 2 | 1 | 2 |" in (tmp_path / "layers.md").read_text()


def test_teachers_of_every_kind_are_what_they_are_said_to_be():
    hexagons = teachers.Case("hexagons", teachers.hexagons(1), "local")
    row = teachers.measure(hexagons)
    assert (row["positions_in"], row["representation_out"], row["entries"]) == (7, 6, 7)
    assert row["linear"] == ["inputs", "kernel"]
    assert row["nmse"] < 1e-10
    assert row["equivariance_error"] < 1e-5
    island = teachers.measure(teachers.Case("island", teachers.island(5), "local"))
    assert island["positions_in"] == 21
    assert island["equivariance_error"] is None
    text = teachers.report({"machine": {}, "rows": [row, island]})
    assert "| hexagons | 7 → 7×6 | 7 | yes | local | closed-form | " in text


def test_no_answers_linear_in_the_kernel_are_better_than_the_floor():
    assert teachers.floor(teachers.graph(), kernels=64) < 1e-10
    found = teachers.floor(teachers.attention("everything"), kernels=2048)
    assert 0.4 < found < 0.7
    squares = sc.FunctionTeacher(lambda x, k: x @ (k[0] ** 2 - 1), 4, 1, 4)
    assert teachers.floor(squares, kernels=4096) == pytest.approx(1, abs=0.02)

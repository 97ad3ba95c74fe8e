"""Sentences say what the rows say."""

import pytest

import symclone_tf as sc
from symclone_tf.figures.findings import found_in_benchmark, found_in_clones

from pages import measured


def row(architecture, task, accuracy, seed=0):
    experiment = sc.experiments.Experiment(architecture, task=task, seed=seed)
    return sc.experiments.Row(experiment.complete(), {"accuracy": accuracy})


def test_best_on_each_task_and_best_on_both_are_named():
    rows = [
        row("gcnn", "invariance", 0.9),
        row("gcnn", "breaking", 0.4),
        row("mlp", "invariance", 0.3),
        row("mlp", "breaking", 0.8),
        row("cnn", "invariance", 0.6),
        row("cnn", "breaking", 0.7),
    ]
    assert found_in_benchmark("c4", rows) == [
        "Of the networks trained on C4's tasks, “gcnn” preserved equivariance best, "
        "with 90.0% on invariance, and “mlp” broke the symmetry best, with 80.0% on "
        "breaking.",
        "“cnn” did both best, with 60.0% on invariance and 70.0% on breaking: its "
        "smaller accuracy is the largest of all networks'.",
    ]


def test_a_network_is_as_good_as_its_mean_over_seeds():
    rows = [row("gcnn", "invariance", a, s) for s, a in enumerate((0.9, 0.1))]
    rows += [row("mlp", "invariance", 0.6), row("mlp", "breaking", 0.5)]
    first, _ = found_in_benchmark("c4", rows)
    assert "“mlp” preserved equivariance best, with 60.0%" in first


def test_what_was_not_trained_is_said():
    _, second = found_in_benchmark("d4", [row("mlp", "breaking", 0.5)])
    assert second == (
        "None was trained on invariance yet: symclone-tf benchmark --group d4 goes on."
    )
    apart = [row("mlp", "breaking", 0.5), row("cnn", "invariance", 0.5)]
    assert found_in_benchmark("c4", apart)[1] == "No network was trained on both."


def test_of_the_projects_own_rows_it_says_what_the_readme_says():
    _, second = found_in_benchmark("c4", measured("c4.csv"))
    assert (
        "anchored (transformed-inputs 0.2, encoder)” did both best, with 88.8%"
        in second
    )


@pytest.fixture
def artifacts(figure_clones):
    return sc.artifacts.list_artifacts(figure_clones)


def test_without_networks_it_tells_of_clones(artifacts):
    first, second = found_in_clones(["c4"], artifacts)
    assert first.startswith("Of 3 clones, 2 compute the outputs of their teachers")
    assert first.endswith("2e-01 for c4-lifting-28x28-k3-b7.")
    assert second.startswith("No network of C4 was trained on digits yet")
    assert found_in_clones(["c4"], []) == [second]

"""Methods compared on what they keep and break."""

import numpy as np
import pytest

from benchmarks import almost_symmetric

ROWS = [
    {
        **{"method": method, "strength": strength, "task": task, "seed": seed},
        **{"train_size": 64, "epochs": 1, "accuracy": accuracy, "weights": 7},
        **{"upright_accuracy": 0.9, "seconds_per_epoch": 1.0},
    }
    for method, strength, seed, accuracies in (
        ("gcnn", None, 0, (0.9, 0.4)),
        ("rpp", 1e-4, 0, (0.7, 0.6)),
        ("rpp", 1e-4, 1, (0.8, 0.7)),
        ("rpp", 1e-2, 0, (0.9, 0.5)),
    )
    for task, accuracy in zip(("invariance", "breaking"), accuracies)
]


def test_knees_are_the_largest_smaller_accuracies():
    found = almost_symmetric.points(ROWS)
    assert [point.smaller for point in found] == pytest.approx([0.4, 0.65, 0.5])
    best = almost_symmetric.knees(found)
    assert {name: p.strength for name, p in best.items()} == {
        "gcnn": None,
        "rpp": 1e-4,
    }
    page = almost_symmetric.report(ROWS, {})
    assert "| rpp | 0.0001 | 2 | 7 | **75.0% ± 7.1%** | 90.0% ± 0.0% |" in page
    assert "| rpp | 0.01 | 1 | 7 | 90.0% | 90.0% | 50.0% |" in page


@pytest.mark.parametrize(
    "method", almost_symmetric.METHODS, ids=lambda method: method.title
)
def test_every_method_has_a_network(method, tmp_path):
    strength = method.strengths[-1] if method.strengths else None
    model = method.network("breaking", strength, 0, "exported")
    answers = model(np.zeros((1, 28, 28, 1), "float32"))
    assert answers.shape == (1, 20)


@pytest.mark.usefixtures("mnist")
@pytest.mark.slow
def test_runs_are_lines_and_are_not_run_again(tmp_path):
    (method,) = (m for m in almost_symmetric.METHODS if m.title == "rpp")
    file = tmp_path / "rows.csv"
    for _ in range(2):
        for task in almost_symmetric.TASKS:
            key = ("rpp", 1e-4, task, 0)
            almost_symmetric.run_once(file, method, key, "exported", 64, 1)
    rows = almost_symmetric.read(file)
    assert [row["task"] for row in rows] == ["invariance", "breaking"]
    assert all(0 < row["accuracy"] < 1 for row in rows)
    almost_symmetric.write_report(file)
    assert (tmp_path / "rows-64.md").exists()
    assert (tmp_path / "rows-64.svg").stat().st_size > 1000

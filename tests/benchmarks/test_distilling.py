import numpy as np
import pytest

from benchmarks import distilling
from benchmarks.distilling import (
    FIELDS,
    METHODS,
    TEACHER,
    measured,
    report,
    runs,
    student_network,
    table,
)

FROZEN = "student, cloned, frozen, from labels"


def row_of(method, seed, value):
    scores = dict.fromkeys(FIELDS[3:], value)
    return {"method": method, "seed": seed, "weights": 1000, **scores}


def test_rows_are_reported_by_network():
    rows = [row_of(FROZEN, 0, 0.5), row_of(TEACHER, 0, 0.25), row_of(FROZEN, 1, 0.7)]
    assert [line[:4] for line in table(rows)] == [
        [TEACHER, "1", "1,000", "25.0%"],
        [FROZEN, "2", "1,000", "60.0 ± 14.1%"],
    ]
    assert "invariance error" in report(rows, {"processor": "some"})


class Answering:
    """Tells in which quadrant an image is brightest, which is not invariant."""

    def predict(self, images, *arguments, **options):
        half = images.shape[1] // 2
        quadrants = [images[:, :half, :half], images[:, :half, half:]]
        quadrants += [images[:, half:, :half], images[:, half:, half:]]
        brightness = np.stack([q.sum((1, 2, 3)) for q in quadrants], axis=-1)
        return np.eye(4)[brightness.argmax(-1)]


def test_scores_are_what_they_say(rng):
    images = rng.uniform(size=(200, 8, 8, 1))
    answers = Answering().predict(images)
    rotated = Answering().predict(
        distilling.transformed(images, "c4", distilling.TESTED_SEED)
    )
    found = measured(Answering(), images, answers.argmax(-1), (answers, rotated))
    assert (found["as_they_are"], found["agreement"]) == (1, 1)
    assert 0.15 < found["transformed"] < 0.4  # a fourth is not rotated
    assert found["error"] == pytest.approx(2**0.5, abs=1e-3)


@pytest.mark.slow
def test_students_begin_at_random_or_as_clones(rng):
    images = rng.normal(size=(20, 28, 28, 1)).astype("float32")
    rotated = np.rot90(images, axes=(1, 2)).copy()
    for title in ("student, cloned, trainable, from labels", "student, from labels"):
        model = student_network(METHODS[title], 0)
        change = np.abs(model.predict(rotated) - model.predict(images)).max()
        assert (change < 1e-5) == METHODS[title].cloned


@pytest.mark.slow
@pytest.mark.usefixtures("mnist")
def test_frozen_clones_are_invariant_and_others_are_not():
    chosen = (TEACHER, "student, distilled, on rotated digits", FROZEN)
    found = list(runs(chosen, 0, trained=640, tested=64, epochs=2))
    assert [row["method"] for row in found] == list(chosen)
    assert [row["error"] < 1e-4 for row in found] == [True, False, True]
    assert found[0]["agreement"] == 1
    assert all(set(row) == set(FIELDS) for row in found)
